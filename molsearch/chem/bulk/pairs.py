"""Pairs of atoms up to some bonds apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.bulk.codes import LIMIT
from molsearch.chem.bulk.graphs import MOST, Graphs
from molsearch.chem.bulk.hashing import Hashes, hashed

_ONE = np.uint64(1)


def pairs(
    graphs: Graphs, codes: NDArray[np.uint32], furthest: int
) -> tuple[NDArray[np.int64], Hashes]:
    """Find the atom pairs that RDKit counts: 1 to `furthest` bonds apart.

    Returns
    -------
    molecule, hash
        int64 and uint32, one a pair.
    """
    reached, digits = _distances(graphs, furthest)
    local = graphs.local.astype(np.uint64)
    later = reached & ~((_ONE << local) | ((_ONE << local) - _ONE))
    at = np.flatnonzero(_unpacked(later).view(np.bool_))
    atom, other = at >> 6, at & (MOST - 1)
    distance = np.zeros(len(local) * MOST, np.uint8)
    for place, digit in enumerate(digits):
        distance |= _unpacked(digit) << place
    molecule = graphs.molecule[atom]
    code = codes % np.uint32(LIMIT)
    one, two = code[atom], code[other + graphs.start[molecule]]
    hashes = hashed(np.minimum(one, two), distance[at].astype(np.uint32), np.maximum(one, two))
    return molecule, hashes


def _unpacked(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Bits of words, the lowest first."""
    return np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")


def _distances(
    graphs: Graphs, furthest: int
) -> tuple[NDArray[np.uint64], list[NDArray[np.uint64]]]:
    """Count bonds between atoms, many pairs in a word.

    Returns
    -------
    reached
        uint64 ``[N]``: atoms at most `furthest` bonds away, a bit each.
    digits
        Binary digits of the distances, the lowest first, in the same bits: a word an atom each.
    """
    reached = _ONE << graphs.local.astype(np.uint64)
    digits = [np.zeros_like(reached) for _ in range(furthest.bit_length())]
    for _ in range(furthest):
        carry = ~reached  # one bond more to each atom that is not reached
        for place, digit in enumerate(digits):
            digits[place], carry = digit ^ carry, digit & carry
        reached = reached | np.bitwise_or.reduceat(reached[graphs.end], graphs.first[:-1])
    return reached, digits
