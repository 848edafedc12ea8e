"""Products of the one-byte copy of embeddings, in integers, with a bound on what it leaves out.

With a stored row ``x`` and its copy ``x' = scale · codes``, a query ``v`` and its rounding ``v'``:
``|v·x - v'·x'| ≤ |v| |x - x'| + |v - v'| |x'|``. The first distance is stored with each row; the
second is made small by giving a query two bytes a dimension, a coarse and a fine one.
"""

from __future__ import annotations

from threading import local
from typing import Any

import numkong
import numpy as np
from numpy.typing import NDArray

from molsearch.index.vectors.codec import LONGEST, Parts
from molsearch.index.vectors.int8 import Int8Block, encode

# Lengths and distances are computed in float64; this covers their own rounding, and that of the
# few float32 operations between an integer and a score, at the size of a score.
_SLACK = 1 + 2.0**-16
_ROUNDING = 2.0**-20
# NumKong multiplies with four at a time, and takes twice as long where one of them is missing.
_TOGETHER = 4


def bounds_of(
    vectors: NDArray[np.float64], rounded: NDArray[np.float64]
) -> tuple[np.float32, np.float32]:
    """Bound how far products of `rounded` queries with copies are from those of stored rows.

    Returns
    -------
    Two numbers: the bound is the first times the distance of a row's copy, plus the second.
    """
    longest = float(np.linalg.norm(vectors, axis=1).max()) * _SLACK
    distance = float(np.linalg.norm(vectors - rounded, axis=1).max()) * _SLACK
    # A copy is longer than its row by its distance at most.
    of_distance = (longest + distance) * _SLACK
    return np.float32(of_distance), np.float32((distance * LONGEST + _ROUNDING * longest) * _SLACK)


class Int8Queries:
    """Queries, the columns of a matrix ``[dim, m]``, in two bytes a dimension."""

    def __init__(self, matrix: NDArray[np.floating]) -> None:
        vectors = matrix.T.astype(np.float64)
        first = encode(vectors)
        coarse = first.scale[:, None].astype(np.float64) * first.codes
        second = encode(vectors - coarse)
        fine = second.scale[:, None].astype(np.float64) * second.codes
        self._error, self._least = bounds_of(vectors, coarse + fine)
        self._scales = first.scale, second.scale
        self._rooms = local()
        codes = np.concatenate([first.codes, second.codes])
        codes = np.pad(codes, ((0, -len(codes) % _TOGETHER), (0, 0)))
        self._width = len(codes)
        self._packed: Any = numkong.dots_pack(np.ascontiguousarray(codes))

    def products(self, parts: Parts) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `molsearch.index.vectors.codec.Asked.products`."""
        return self.of_block(Int8Block.of(parts))

    def of_block(self, block: Int8Block) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Products ``[n, m]`` with rows, exact integers that are then scaled, and their bound."""
        # Below 2^24 up to 1,040 dimensions, and rounded by a part of 2^-24 above.
        room = self._room(len(block.codes))
        found = np.asarray(numkong.dots_packed(block.codes, self._packed, out=room))
        m = len(self._scales[0])
        if m == 1:
            total, fine = (found[:, one : one + 1].astype(np.float32) for one in range(2))
        else:
            whole = found.astype(np.float32)
            total, fine = whole[:, :m], whole[:, m : 2 * m]
        total *= self._scales[0]
        fine *= self._scales[1]
        total += fine
        total *= block.scale[:, None]
        return total, block.distance * self._error + self._least

    def _room(self, n: int) -> Any:
        """Memory int32 ``[n, width]`` of this thread: to get it anew takes longer than to fill."""
        room = getattr(self._rooms, "room", None)
        if room is None or len(room) < n:
            room = self._rooms.room = numkong.zeros((n, self._width), dtype="int32")
        return room[:n]
