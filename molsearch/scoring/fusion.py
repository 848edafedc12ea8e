"""Scores for many queries or conformers become one: the best, the mean, or the mean of two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Fusion = Literal["max", "mean", "top2"]
FUSIONS: tuple[Fusion, ...] = get_args(Fusion)
MEANING: dict[Fusion, str] = {
    "max": "of the nearest query",
    "mean": "mean over the queries",
    "top2": "mean of the two nearest queries",
}

Floats = NDArray[np.floating[Any]]


def fuse(scores: Floats, how: Fusion) -> Floats:
    """Fuse the columns of ``[n, c]`` scores into ``[n]``, column by column.

    The order of operations is the same for every row, so equal rows have equal results
    wherever they stand. A missing score (NaN) is left to the other columns; where all are missing
    the result is.
    """
    return _FUSE[how](scores)


def _largest(scores: Floats) -> Floats:
    best = scores[:, 0].copy()
    for column in scores.T[1:]:
        best = np.fmax(best, column)
    return best


def _mean(scores: Floats) -> Floats:
    known = ~np.isnan(scores)
    total = np.where(known[:, 0], scores[:, 0], 0.0)
    for there, column in zip(known.T[1:], scores.T[1:], strict=True):
        total = total + np.where(there, column, 0.0)
    count = known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(scores.dtype)


def _two_best(scores: Floats) -> Floats:
    """Mean of the two best; of the best alone where there is but one."""
    best = scores[:, 0].copy()
    second = np.full_like(best, np.nan)
    for column in scores.T[1:]:
        second = np.fmax(second, np.minimum(best, column))
        best = np.fmax(best, column)
    return np.where(np.isnan(second), best, (best + second) / 2)


_FUSE: dict[Fusion, Callable[[Floats], Floats]] = {
    "max": _largest,
    "mean": _mean,
    "top2": _two_best,
}
