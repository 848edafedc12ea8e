"""The hash that RDKit's fingerprints are made of."""

from __future__ import annotations

from molsearch.chem.kernels.compiling import inner


@inner
def combined(seed: int, value: int) -> int:
    """Mix a value into a seed, both of 32 bits; see `molsearch.chem.bulk.hashing`."""
    return seed ^ ((value + 0x9E3779B9 + (seed << 6) + (seed >> 2)) & 0xFFFFFFFF)
