"""Whether what an encoder gives is an embedding: by its length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Half precision misses unit length by 1e-4; what misses it by more than this is no embedding.
LENGTH_TOLERANCE = 1e-2


def of_unit_length(
    vectors: NDArray[np.floating], tolerance: float = LENGTH_TOLERANCE
) -> NDArray[np.bool_]:
    """Which of ``[n, dim]`` are finite and of unit length."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    # A NaN length compares false, so it is not of unit length either.
    return np.asarray(np.abs(lengths - 1.0) <= tolerance)
