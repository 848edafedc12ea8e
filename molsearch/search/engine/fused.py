"""Rows that may be of use, found in one pass over the copies of a byte a dimension.

Where every product and score of a chunk is an array, memory is written and read again several
times for each byte of a row; machine code (`molsearch.search.engine.kernels`) that ends a row
before it begins the next runs as fast as memory gives the rows.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from molsearch.index.vectors.copies import CopyRows
from molsearch.index.vectors.int8 import CODES, SCALES, Int8
from molsearch.index.vectors.int8_wide import WideQueries
from molsearch.scoring.plan import ScanPlan
from molsearch.scoring.recipe import Recipe, Share
from molsearch.search.engine.sieve import Beside, NotFiniteError, Passed

# Rows that a process scans before it loads the machine code: that takes a third of a second
# (Numba itself most of it; two seconds where nothing is compiled yet), and what it saves a row is
# 10 to 30 ns. So a process never waits for more than it could have saved by then.
FUSED_ROWS = 2**24
# More queries are multiplied as fast by NumKong, whose kernels take a row's bytes once for several;
# between 32 and 64 of them the arrays that it fills cost no more than that gains.
MOST_COLUMNS = 32
_WORD = np.dtype(np.uint64)


class _Scanned:
    rows = 0


def kernels_for(n_rows: int) -> ModuleType | None:
    """Give the machine code, where a process that is about to scan some rows is to have it.

    None as well where it cannot be had: without Numba, or where that cannot compile.
    """
    _Scanned.rows += n_rows
    return _kernels() if _Scanned.rows > FUSED_ROWS else None


@cache
def _kernels() -> ModuleType | None:
    try:
        from molsearch.search.engine import kernels
    except Exception:  # noqa: BLE001  whatever it is, the same is found without
        return None
    return kernels


class FusedPlan:
    """A plan, as the machine code takes it.

    Parameters
    ----------
    error
        Bound on the difference between a float32 score and the exact one.
    """

    def __init__(
        self, kernels: ModuleType, plan: ScanPlan, recipes: tuple[Recipe, ...], error: float
    ) -> None:
        self.kernels = kernels
        queries = WideQueries(plan.matrix.numpy())
        known = words_of(plan.known)
        bits = np.bitwise_count(known).sum(axis=1, dtype=np.uint64)
        weights = [
            [one.of_cosines, one.of_likeness, one.of_inactives, one.of_rarity] for one in recipes
        ]
        self.asked = queries.codes, queries.steps
        self.known = known, bits
        self.lists = np.array([_columns(one) for one in recipes]), np.array(weights, np.float32)
        self.bound = (
            np.float32(plan.of_products * queries.of_distance),
            np.float32(plan.of_products * queries.more + error),
        )

    @classmethod
    def of(cls, plan: ScanPlan, error: float, n_rows: int) -> FusedPlan | None:
        """Make a plan ready; None where its rows are better scanned, or can only be, without."""
        n_columns = max(plan.matrix.shape[1], len(plan.known))
        recipes = plan.recipes
        if recipes is None or n_columns > MOST_COLUMNS or plan.known.shape[1] % _WORD.itemsize:
            return None
        kernels = kernels_for(n_rows)
        return None if kernels is None else cls(kernels, plan, recipes, error)

    def takes(self, copy: CopyRows) -> bool:
        """Whether a shard's copy is one that the machine code reads."""
        return type(copy.codec) is Int8


class FusedSieve:
    """See `molsearch.search.engine.sieve.Sieve`."""

    def __init__(self, copy: CopyRows, beside: Beside, plan: FusedPlan) -> None:
        self._copy, self._beside, self._plan = copy, beside, plan

    def passed(
        self,
        start: int,
        stop: int,
        thresholds: NDArray[np.float64],
        out: NDArray[np.bool_] | None,
    ) -> Passed:
        """See `molsearch.search.engine.sieve.Sieve.passed`."""
        parts, plan = self._copy.rows(start, stop), self._plan
        prints, rarity = np.empty((0, 0), np.uint8), np.empty((0, 1), np.float32)
        if self._beside.prints is not None:
            prints = self._beside.prints.rows(start, stop)
        if self._beside.rarity is not None:
            rarity = self._beside.rarity.rows(start, stop)
        room = (stop - start) * len(thresholds)
        rows, lists = np.empty(room, np.int64), np.empty(room, np.int64)
        highest, lowest = np.empty(room, np.float32), np.empty(room, np.float32)
        n = plan.kernels.reaching(
            *(parts[CODES], parts[SCALES], *plan.asked, words_of(prints), *plan.known, rarity),
            *(*plan.lists, np.nextafter(thresholds.astype(np.float32), np.float32(-np.inf))),
            *(*plan.bound, np.empty(0, np.bool_) if out is None else out),
            *(rows, lists, highest, lowest),
        )
        if n < 0:
            raise NotFiniteError
        return Passed(rows[:n] + start, lists[:n].copy(), highest[:n].copy(), lowest[:n].copy())


def words_of(prints: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """See fingerprints ``[n, n_bytes]`` as words ``[n, n_bytes / 8]``."""
    return np.require(prints.view(np.uint64), requirements=["C", "A"])


def _columns(recipe: Recipe) -> list[int]:
    of = {"max": 0, "mean": 1, "top2": 2}
    none = Share(0, 0)
    likeness, inactives = recipe.likeness or none, recipe.inactives or none
    return [
        *(recipe.cosines.first, recipe.cosines.last, of[recipe.cosines.fusion]),
        *(likeness.first, likeness.last, of[likeness.fusion]),
        *(inactives.first, inactives.last),
    ]
