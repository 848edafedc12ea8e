"""Lists of ligands of one target and one type of activity, from weak to strong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

_STREAM = 6  # apart from the draws of everything else


@dataclass(frozen=True, slots=True)
class GradedBatch:
    """Lists of a step.

    Attributes
    ----------
    rows
        int64 ``[G, L]``: molecules; of a shorter list the first one again.
    activities
        float32 ``[G, L]``.
    there
        Bool ``[G, L]``.
    targets
        int64 ``[G]``: columns of the table of activities.
    """

    rows: NDArray[np.int64]
    activities: NDArray[np.float32]
    there: NDArray[np.bool_]
    targets: NDArray[np.int64]

    def part(self, lists: slice) -> GradedBatch:
        """Keep some of the lists."""
        return GradedBatch(
            self.rows[lists], self.activities[lists], self.there[lists], self.targets[lists]
        )


class GradedSampler:
    """Draws lists: a group of ligands with chance by the square root of its size, some of them.

    Parameters
    ----------
    acts_on, pchembl
        Sparse ``[M, T]``: pairs that are trained on, and their activities.
    kinds
        Sparse int ``[M, T]``: type of each pair's activity; values of two types are never
        compared. None: all are of one.
    columns
        Targets to draw from.
    gap
        A group needs two ligands so many log units apart.
    """

    def __init__(
        self,
        acts_on: sparse.csr_matrix,
        pchembl: sparse.csr_matrix,
        kinds: sparse.csr_matrix | None,
        columns: NDArray[np.int64],
        *,
        lists: int,
        ligands: int,
        gap: float,
        seed: int,
    ) -> None:
        pairs = acts_on.tocoo()
        values = np.asarray(pchembl[pairs.row, pairs.col]).ravel().astype(np.float32)
        kind = np.zeros(len(values), np.int64)
        if kinds is not None:
            kind = np.asarray(kinds[pairs.row, pairs.col]).ravel().astype(np.int64)
        kept = (values > 0) & np.isin(pairs.col, columns)
        order = np.lexsort((pairs.row[kept], kind[kept], pairs.col[kept]))
        self._rows = pairs.row[kept][order].astype(np.int64)
        self._values = values[kept][order]
        target, kind = pairs.col[kept][order], kind[kept][order]
        new = np.diff(target, prepend=-1).astype(bool) | np.diff(kind, prepend=-1).astype(bool)
        start = np.flatnonzero(new)
        count = np.diff(np.append(start, len(target)))
        high, low = (
            f.reduceat(self._values, start) if len(start) else np.zeros(0)
            for f in (np.maximum, np.minimum)
        )
        wide = np.flatnonzero(high - low >= gap)
        self._start, self._count = start[wide], count[wide]
        self._targets = target[self._start].astype(np.int64)
        self.lists = min(lists, len(wide))
        if self.lists:
            chance = np.sqrt(self._count)
            self._chance = chance / chance.sum()
        self._ligands, self._seed = ligands, seed

    @property
    def n_groups(self) -> int:
        """Number of groups that lists are drawn from."""
        return len(self._targets)

    def draw(self, step: int) -> GradedBatch:
        """Return the lists of a step; it depends on the seed and the step alone."""
        random = np.random.default_rng([self._seed, _STREAM, step])
        groups = random.choice(self.n_groups, self.lists, replace=False, p=self._chance)
        places = np.empty((len(groups), self._ligands), np.int64)
        there = np.zeros(places.shape, bool)
        for i, group in enumerate(groups):
            n = min(self._ligands, int(self._count[group]))
            chosen = random.choice(int(self._count[group]), n, replace=False)
            places[i] = self._start[group] + chosen[0]
            places[i, :n] = self._start[group] + chosen
            there[i, :n] = True
        return GradedBatch(self._rows[places], self._values[places], there, self._targets[groups])
