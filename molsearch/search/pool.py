"""The rows that may still be among the k best, while a library is scanned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.search.exact import Exact

_LOWEST = float(np.finfo(np.float32).min)
_ROOM = 65_536


class Pool:
    """Collects rows by their approximate scores without ever losing one of the k best.

    An approximate score differs from the exact one by at most `error`. Where ``t`` is the k-th
    best approximate score so far, k rows have exact scores of at least ``t - error``, so a row
    whose approximate score lies below ``t - 2 error`` is out. Where exact ties let the pool
    grow beyond its room, it is cut down to the k best by exact scores and ids.

    Parameters
    ----------
    exact
        Scores rows exactly.
    """

    def __init__(self, k: int, error: float, exact: Exact) -> None:
        self.k = k
        self.error = error
        self.threshold = _LOWEST
        self._exact = exact
        self._rows = np.empty(0, dtype=np.int64)
        self._scores = np.empty(0, dtype=np.float32)
        self._new: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []
        self._size = 0
        self._limit = 2 * k + 1024

    def add(self, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        """Offer rows whose approximate scores reach `threshold`."""
        self._new.append((rows, scores))
        self._size += len(rows)
        if self._size > self._limit:
            self._compress()

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the k best rows, best first, and their exact scores, as `Exact.scores` gives."""
        self._compress()
        scores = self._exact.scores(self._rows)
        best = self._exact.best(self._rows, self._exact.keys(scores), self.k)
        return self._rows[best], scores[best]

    def _compress(self) -> None:
        self._rows = np.concatenate([self._rows, *(rows for rows, _ in self._new)])
        self._scores = np.concatenate([self._scores, *(scores for _, scores in self._new)])
        self._new.clear()
        if len(self._rows) > self.k:
            cut = len(self._rows) - self.k
            least = float(np.partition(self._scores, cut)[cut])
            self._raise_to(least - 2 * self.error)
        if len(self._rows) > 2 * self.k + _ROOM:
            self._compress_exactly()
        self._size = len(self._rows)
        self._limit = 2 * self._size + 1024

    def _compress_exactly(self) -> None:
        scores = self._exact.keys(self._exact.scores(self._rows))
        best = self._exact.best(self._rows, scores, self.k)
        self._rows, self._scores = self._rows[best], self._scores[best]
        # An equal exact score may still win by its id.
        self._raise_to(float(scores[best[-1]]) - self.error)

    def _raise_to(self, threshold: float) -> None:
        """Raise the threshold, downwards to the next float32, and drop what lies below it."""
        bound = np.nextafter(np.float32(threshold), np.float32(_LOWEST))
        self.threshold = max(self.threshold, float(bound))
        keep = self._scores >= np.float32(self.threshold)
        self._rows, self._scores = self._rows[keep], self._scores[keep]
