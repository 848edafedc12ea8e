"""Ranked rows of an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Candidates:
    """Ranked rows of an index, best first.

    Attributes
    ----------
    shards, rows
        int64 ``[n]``: where each row stands.
    scores
        float64 ``[n]``: by which they are ranked, with what known inactives change.
    query_scores
        float64 ``[n, n_queries]``: cosines for each query.
    likeness
        float64 ``[n, n_queries]``: fingerprint similarities to each query, where they count;
        else ``[n, 0]``.
    rarity
        float64 ``[n, 1]`` where it counts; else ``[n, 0]``.
    """

    shards: NDArray[np.int64]
    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    query_scores: NDArray[np.float64]
    likeness: NDArray[np.float64]
    rarity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, which: NDArray[np.integer]) -> Candidates:
        """Candidates by their places in this list."""
        return Candidates(
            self.shards[which],
            self.rows[which],
            self.scores[which],
            self.query_scores[which],
            self.likeness[which],
            self.rarity[which],
        )

    @classmethod
    def joined(cls, parts: Sequence[Candidates]) -> Candidates:
        """Join lists one after the other (at least one)."""
        return cls(
            np.concatenate([part.shards for part in parts]),
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.query_scores for part in parts]),
            np.concatenate([part.likeness for part in parts]),
            np.concatenate([part.rarity for part in parts]),
        )
