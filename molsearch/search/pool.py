"""The rows that may still be among the k best, while a library is scanned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.search.exact import Exact

_LOWEST = -1e30  # below every score, above what an excluded row has
_ROOM = 65_536
_DOWN = np.float32(-np.inf)

Part = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]


class Pool:
    """Collects rows by bounds on their scores without ever losing one of the k best.

    A row comes with the highest and the lowest score that it can have. Where ``t`` is the k-th
    best of the lowest ones so far, k rows score at least ``t``, so a row whose highest lies below
    ``t`` is out. Where exact ties let the pool grow beyond its room, it is cut down to the k best
    by exact scores and ids.

    Parameters
    ----------
    exact
        Scores rows exactly.
    least
        Exact score that rows must reach.
    kept
        Rows that the bounds leave at least; more than `k` where they are no bounds (a codec
        without one): then nothing is left out for its `least` either before it is scored exactly.

    Attributes
    ----------
    threshold
        What the highest score of a row must reach for `add`.
    """

    def __init__(
        self, k: int, exact: Exact, least: float | None = None, kept: int | None = None
    ) -> None:
        self.k = k
        self._kept = k if kept is None else kept
        self._least = least
        self.threshold = _LOWEST
        if least is not None and self._kept == k:
            self.threshold = max(_LOWEST, float(np.nextafter(np.float32(least), _DOWN)))
        self._exact = exact
        self._parts: list[Part] = [
            (np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))
        ]
        self._size = 0
        self._limit = 2 * self._kept + 1024

    def add(
        self, rows: NDArray[np.int64], highest: NDArray[np.float32], lowest: NDArray[np.float32]
    ) -> None:
        """Offer rows whose highest possible scores reach `threshold`."""
        self._parts.append((rows, highest, lowest))
        self._size += len(rows)
        if self._size > self._limit:
            self._compress()

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the k best rows, best first, and their exact scores, as `Exact.scores` gives."""
        rows, _, _ = self._compress()
        scores = self._exact.scores(rows)
        keys = self._exact.keys(scores)
        if self._least is not None:
            reached = np.flatnonzero(keys >= self._least)
            rows, scores, keys = rows[reached], scores[reached], keys[reached]
        best = self._exact.best(rows, keys, self.k)
        return rows[best], scores[best]

    def _compress(self) -> Part:
        rows, highest, lowest = (np.concatenate(some) for some in zip(*self._parts, strict=True))
        if len(rows) > self._kept:
            cut = len(rows) - self._kept
            kept = self._raised(float(np.partition(lowest, cut)[cut]), (rows, highest, lowest))
        else:
            kept = (rows, highest, lowest)
        if len(kept[0]) > 2 * self._kept + _ROOM:
            kept = self._compress_exactly(kept[0])
        self._parts = [kept]
        self._size = len(kept[0])
        self._limit = 2 * self._size + 1024
        return kept

    def _compress_exactly(self, rows: NDArray[np.int64]) -> Part:
        scores = self._exact.keys(self._exact.scores(rows))
        best = self._exact.best(rows, scores, self._kept)
        keys = scores[best].astype(np.float32)
        highest = np.nextafter(keys, np.float32(np.inf))
        lowest = np.nextafter(keys, np.float32(-np.inf))
        # An equal exact score may still win by its id.
        return self._raised(float(lowest[-1]), (rows[best], highest, lowest))

    def _raised(self, threshold: float, part: Part) -> Part:
        """Raise the threshold, and drop what lies below it."""
        self.threshold = max(self.threshold, threshold)
        keep = part[1] >= np.float32(self.threshold)
        return part[0][keep], part[1][keep], part[2][keep]
