"""Encoders as scorers: cosine similarity of embeddings."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from molsearch.io.atomic import replacing
from molsearch.metrics.ranking import products
from molsearch.schema import COORDS, PARENT_SMILES
from molsearch.scoring.protocols import CONFORMERS, PREPARED, Molecules, Prepared3D, Scores

if TYPE_CHECKING:
    from molsearch.index.embedder import Embedder

_BLOCK = 4096
_MOST_KEPT = 200_000  # molecules: 200 MB of embeddings


class EncoderScorer:
    """Cosine similarity of query and molecule, each embedded as the mean over its conformers.

    Parameters
    ----------
    name
        The word it is asked for by.
    embedder
        Anything that embeds rows of a prepared set.
    cache
        Folder that keeps embeddings of pools from run to run, by encoder and content; None keeps
        none.
    """

    relative = False

    def __init__(self, name: str, embedder: Embedder, cache: Path | None = None) -> None:
        self._name = name
        self.embedder = embedder
        self.cache = cache
        # Conformers cost a thousand times as much as an embedding that does not look at them.
        sees = getattr(embedder, "sees_geometry", True)
        self.needs = frozenset({CONFORMERS if sees else PREPARED})

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
        first = self.asked(queries)
        second = self.vectors(pool)
        found = [products(second, query) for query in first]
        return np.array(found, dtype=np.float32).reshape(len(first), len(second))

    def asked(self, queries: Molecules) -> npt.NDArray[np.float32]:
        """Embeddings ``[q, dim]`` of queries, made once; NaN where one has none."""
        key = f"embedding {self.embedder.identity}"
        return queries.remember(key, lambda: self._embed(queries.prepared))

    def vectors(self, pool: Molecules) -> npt.NDArray[np.float32]:
        """Embeddings ``[n, dim]`` of a pool, made once and kept; NaN where one has none."""
        key = f"embedding {self.embedder.identity}"
        return pool.remember(key, lambda: self._kept(pool.prepared))

    def _kept(self, prepared: Prepared3D) -> npt.NDArray[np.float32]:
        """Embed a pool, or read what an earlier run made of the same molecules."""
        if self.cache is None or prepared.table.num_rows > _MOST_KEPT:
            return self._embed(prepared)
        path = self.cache / f"{self.embedder.identity[:16]}-{_content(prepared)}.npy"
        try:
            found = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            found = np.empty(0)
        if found.dtype == np.float32 and found.shape == (len(prepared.rows), self.embedder.dim):
            return np.asarray(found)
        found = self._embed(prepared)
        with replacing(path) as temporary, temporary.open("wb") as handle:
            np.save(handle, found, allow_pickle=False)
        return found

    def _embed(self, prepared: Prepared3D) -> npt.NDArray[np.float32]:
        """Embed the molecules in the order asked for; NaN rows where preparation failed."""
        table = prepared.table
        found = np.full((table.num_rows + 1, self.embedder.dim), np.nan, dtype=np.float32)
        for start in range(0, table.num_rows, _BLOCK):
            block = table.slice(start, _BLOCK)
            found[start : start + block.num_rows] = self.embedder.embed_table(block)
        return found[prepared.rows]


def _content(prepared: Prepared3D) -> str:
    """Hash everything that an embedding depends on."""
    digest = hashlib.sha256(np.ascontiguousarray(prepared.rows, dtype="<i8").tobytes())
    for structure, geometry in zip(
        prepared.table.column(PARENT_SMILES).to_pylist(),
        prepared.table.column(COORDS).to_pylist(),
        strict=True,
    ):
        digest.update(structure.encode() + b"\0" + geometry + b"\0")
    return digest.hexdigest()[:24]
