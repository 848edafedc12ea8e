"""The hash that RDKit's fingerprints are made of, over whole arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

_GOLDEN = np.uint32(0x9E3779B9)


def combined(seed: Hashes, value: Hashes) -> Hashes:
    """Mix values into seeds, as ``boost::hash_combine`` does with 32 bits.

    Parameters
    ----------
    seed, value
        uint32 of one shape; sums wrap around.
    """
    return seed ^ (value + _GOLDEN + (seed << np.uint32(6)) + (seed >> np.uint32(2)))


def hashed(*values: Hashes) -> Hashes:
    """Mix values one after the other into a seed of 0."""
    seed = np.zeros_like(values[0])
    for value in values:
        seed = combined(seed, value)
    return seed
