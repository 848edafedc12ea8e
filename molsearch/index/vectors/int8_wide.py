"""Queries of 16 bits a dimension, for products with rows of a byte a dimension in integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.index.vectors.int8_queries import bounds_of

_LARGEST_CODE = 127  # of a row
_TINY = np.finfo(np.float32).tiny


class WideQueries:
    """Queries, the columns of a matrix ``[dim, m]``.

    Attributes
    ----------
    codes
        int16 ``[m, dim]``: so small that a sum of products with a row's codes fits 32 bits.
    steps
        float32 ``[m]``: what such a sum, times the row's scale, is multiplied by.
    of_distance, more
        A product is wrong by the distance of the row's copy times the first, plus the second, at
        most.
    """

    def __init__(self, matrix: NDArray[np.floating]) -> None:
        vectors = matrix.T.astype(np.float64)
        n_steps = min(2**15 - 1, (2**31 - 1) // (_LARGEST_CODE * max(1, vectors.shape[1])))
        largest = np.abs(vectors).max(axis=1, initial=0.0)
        # In float32 upwards, so that no code is larger than there are steps.
        steps = np.nextafter(np.maximum(largest / n_steps, _TINY).astype(np.float32), np.inf)
        wide = steps[:, None].astype(np.float64)
        self.steps: NDArray[np.float32] = steps
        self.codes: NDArray[np.int16] = np.ascontiguousarray(np.rint(vectors / wide), np.int16)
        self.of_distance, self.more = bounds_of(vectors, wide * self.codes)
