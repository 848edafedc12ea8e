"""Tanimoto similarity at the speed of memory, in float32: for scans whose best are scored exactly.

NumKong counts the bits, with whatever instructions the processor has for it.
"""

from __future__ import annotations

from typing import Any

import numkong
import numpy as np
import numpy.typing as npt

from molsearch.chem.fingerprints import Packed

# What a similarity here may differ from `tanimoto_matrix` by: a float32 quotient, a difference
# from 1, and room for a division that is not rounded correctly.
TANIMOTO_ERROR = 2.0**-20
# NumKong compares with four at a time; fewer take no less time.
_TOGETHER = 4


class TanimotoScan:
    """Fingerprints of some queries, made ready to be compared with many others.

    Parameters
    ----------
    packed
        uint8 ``[m, n_bytes]``.

    Examples
    --------
    >>> one = np.array([[0b1100_0000]], dtype=np.uint8)
    >>> TanimotoScan(one)(np.array([[0b1000_0000], [0]], dtype=np.uint8)).tolist()
    [[0.5], [0.0]]
    """

    def __init__(self, packed: Packed) -> None:
        self._queries = np.ascontiguousarray(packed, dtype=np.uint8)
        # Two empty fingerprints are unlike here, and equal there.
        self._empty = np.flatnonzero(~self._queries.any(axis=1))
        full = np.pad(self._queries, ((0, -len(self._queries) % _TOGETHER), (0, 0)))
        self._matrix: Any = numkong.hammings_pack(full, dtype="uint1")

    def __call__(self, prints: Packed) -> npt.NDArray[np.float32]:
        """Similarity float32 ``[n, m]`` of fingerprints ``[n, n_bytes]`` to each query."""
        rows = np.ascontiguousarray(prints, dtype=np.uint8)
        # Without copying: NumKong takes bits for bytes where a NumPy array says so.
        bits = numkong.from_pointer(rows.ctypes.data, rows.shape, "uint1", owner=rows)
        found = np.asarray(numkong.jaccards_packed(bits, self._matrix))
        similar = np.subtract(np.float32(1), found[:, : len(self._queries)], dtype=np.float32)
        similar[:, self._empty] = 0
        return similar
