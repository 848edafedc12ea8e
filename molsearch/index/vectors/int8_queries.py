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


class Int8Queries:
    """Queries, the columns of a matrix ``[dim, m]``, in two bytes a dimension."""

    def __init__(self, matrix: NDArray[np.floating]) -> None:
        vectors = matrix.T.astype(np.float64)
        first = encode(vectors)
        coarse = first.scale[:, None].astype(np.float64) * first.codes
        second = encode(vectors - coarse)
        fine = second.scale[:, None].astype(np.float64) * second.codes
        longest = float(np.linalg.norm(vectors, axis=1).max()) * _SLACK
        distance = float(np.linalg.norm(vectors - coarse - fine, axis=1).max()) * _SLACK
        # A copy is longer than its row by its distance at most.
        self._error = np.float32((longest + distance) * _SLACK)
        self._least = np.float32((distance * LONGEST + _ROUNDING * longest) * _SLACK)
        self._scales = first.scale, second.scale
        self._rooms = local()
        self._packed: Any = numkong.dots_pack(
            np.ascontiguousarray(np.concatenate([first.codes, second.codes]))
        )

    def products(self, parts: Parts) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `molsearch.index.vectors.codec.Asked.products`."""
        return self.of_block(Int8Block.of(parts))

    def of_block(self, block: Int8Block) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Products ``[n, m]`` with rows, exact integers that are then scaled, and their bound."""
        # Below 2^24 up to 1,040 dimensions, and rounded by a part of 2^-24 above.
        found = np.asarray(numkong.dots_packed(block.codes, self._packed))
        m = len(self._scales[0])
        if m == 1:
            whole = self._room(len(found))
            whole[...] = found
            total = whole @ np.stack(self._scales)
        else:
            whole = found.astype(np.float32)
            total = whole[:, :m]
            total *= self._scales[0]
            total += np.multiply(whole[:, m:], self._scales[1], out=whole[:, m:])
        total *= block.scale[:, None]
        return total, block.distance * self._error + self._least

    def _room(self, n: int) -> NDArray[np.float32]:
        """Memory ``[n, 2]`` of this thread: to get it anew takes longer than to fill it."""
        room: NDArray[np.float32] | None = getattr(self._rooms, "room", None)
        if room is None or len(room) < n:
            room = self._rooms.room = np.empty((n, 2), np.float32)
        return room[:n]
