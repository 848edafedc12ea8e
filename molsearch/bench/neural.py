"""Encoders as scorers: cosine similarity of embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from molsearch.bench.baselines import Scores
from molsearch.bench.conformers import Prepared3D
from molsearch.bench.molecules import CONFORMERS, Molecules
from molsearch.metrics.ranking import products

if TYPE_CHECKING:
    from molsearch.index.embedder import Embedder

_BLOCK = 4096


class EncoderScorer:
    """Cosine similarity of query and molecule, each embedded as the mean over its conformers.

    Parameters
    ----------
    name
        The word it is asked for by.
    embedder
        Anything that embeds rows of a prepared set.
    """

    needs = frozenset({CONFORMERS})
    relative = False

    def __init__(self, name: str, embedder: Embedder) -> None:
        self._name = name
        self.embedder = embedder

    @property
    def name(self) -> str:
        """See `Scorer.name`."""
        return self._name

    def identity(self) -> dict[str, Any]:
        """Return the encoder's identity and the short facts of its card."""
        from molsearch.index.embedder import card_excerpt

        return {"encoder": self.embedder.identity, "card": card_excerpt(self.embedder.card)}

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """See `Scorer.score`."""
        first = self._embed(queries.prepared)
        key = f"embedding {self.embedder.identity}"
        second = pool.remember(key, lambda: self._embed(pool.prepared))
        found = [products(second, query) for query in first]
        return np.array(found, dtype=np.float32).reshape(len(first), len(second))

    def _embed(self, prepared: Prepared3D) -> npt.NDArray[np.float32]:
        """Embed the molecules in the order asked for; NaN rows where preparation failed."""
        table = prepared.table
        found = np.full((table.num_rows + 1, self.embedder.dim), np.nan, dtype=np.float32)
        for start in range(0, table.num_rows, _BLOCK):
            block = table.slice(start, _BLOCK)
            found[start : start + block.num_rows] = self.embedder.embed_table(block)
        return found[prepared.rows]
