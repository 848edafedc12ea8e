"""What an encoder sees of a target: enough to search its pool a second time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from molsearch.bench.molecules import Molecules
from molsearch.metrics.ranking import products
from molsearch.scoring.added import added, fused_of
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.expansion import n_hits, widened
from molsearch.scoring.expression import Term
from molsearch.scoring.protocols import Scores


@dataclass(frozen=True)
class Views:
    """What an encoder sees of queries and of what is ranked for them.

    Attributes
    ----------
    queries, pool
        Embeddings float32 ``[q, dim]`` and ``[n, dim]``.
    own
        bool ``[q, n]``: the query itself, which is no hit of it.
    encoder
        The component of a ranking whose cosines these embeddings give.
    """

    queries: npt.NDArray[np.float32]
    pool: npt.NDArray[np.float32]
    own: npt.NDArray[np.bool_]
    encoder: str

    @classmethod
    def of(
        cls,
        encoder: EncoderScorer,
        queries: Molecules,
        pools: Sequence[Molecules],
        own: npt.NDArray[np.bool_],
    ) -> Views:
        """Embed queries, and pools that are ranked as one, in this order."""
        vectors = [encoder.vectors(pool) for pool in pools]
        pool = vectors[0] if len(vectors) == 1 else np.concatenate(vectors)
        return cls(encoder.asked(queries), pool, own, encoder.name)

    def of_some(self, asked: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_]) -> Views:
        """Look at some queries and a part of what is ranked, which may be a mask ``[n]``."""
        return Views(self.queries[asked], self.pool[kept], self.own[asked][:, kept], self.encoder)

    def widened(self, found: Scores, asked: npt.NDArray[np.int64]) -> Scores:
        """Cosines ``[len(asked), n]`` to the queries, widened by the first hits by `found`."""
        kept = np.flatnonzero(~self.own[asked].any(axis=0) & np.isfinite(found))
        first = kept[np.argsort(-found[kept], kind="stable")[: n_hits(len(kept))]]
        wider = widened(self.queries[asked], self.pool[first])
        return np.array([products(self.pool, one) for one in wider], np.float32)

    def ranked_again(
        self,
        found: Scores,
        terms: Sequence[Term],
        scores: Mapping[str, Scores],
        asked: npt.NDArray[np.int64],
    ) -> Scores:
        """Rank by the same sum, float32 ``[n]``, after the queries were widened.

        Parameters
        ----------
        found
            The first ranking.
        terms, scores
            What it added, and of what: of each component by its name, ``[q, n]``.
        """
        mine = {name: of_each[asked] for name, of_each in scores.items()}
        mine[self.encoder] = self.widened(found, asked)
        return added(terms, fused_of(mine, np.arange(len(asked))))
