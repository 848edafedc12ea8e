"""Circular environments of one molecule, see `molsearch.chem.bulk.circular`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.bulk.graphs import SINGLE
from molsearch.chem.kernels.compiling import inner
from molsearch.chem.kernels.hashing import combined

# Rows of `work`.
_ONE, _TWO, _BONDS, _WIDE, _CHIRAL, _KEYS = range(6)
#: How many rows there are.
N_ROWS = 6

_Ints = NDArray[np.int64]


@inner
def _sort_keys(
    low: int, high: int, near: _Ints, number: _Ints, kind: _Ints, before: _Ints, keys: _Ints
) -> None:
    """Sort an atom's neighbours by the type of the bond and their own hash."""
    for place in range(low, high):
        key = kind[number[place]] << 32 | before[near[place]]
        at = place - low
        while at > 0 and keys[at - 1] > key:
            keys[at] = keys[at - 1]
            at -= 1
        keys[at] = key


@inner
def _grow(
    first: _Ints, near: _Ints, number: _Ints, kind: _Ints, layer: int, before: _Ints,
    after: _Ints, tags: _Ints, work: _Ints,
) -> None:  # fmt: skip
    """Hash each atom with its neighbours; mark those that are found to be chiral."""
    keys = work[_KEYS]
    for i in range(len(before)):
        low, high = first[i], first[i + 1]
        _sort_keys(low, high, near, number, kind, before, keys)
        found = combined(layer, before[i])
        unlike = True
        for at in range(high - low):
            found = combined(found, combined(combined(0, keys[at] >> 32), keys[at] & 0xFFFFFFFF))
            # A tag counts once the neighbours, held by single bonds, are all different.
            unlike &= keys[at] >> 32 == SINGLE and (at == 0 or keys[at] != keys[at - 1])
        work[_CHIRAL, i] |= unlike
        after[i] = combined(found, tags[i]) if work[_CHIRAL, i] and tags[i] else found


@inner
def environments(
    first: _Ints, near: _Ints, number: _Ints, kind: _Ints, invariants: _Ints, tags: _Ints,
    hashes: _Ints, work: _Ints,
) -> int:  # fmt: skip
    """Find the environments that RDKit's Morgan generator (radius 2) counts.

    Parameters
    ----------
    first, near, number
        Where each atom's neighbours begin, these, and the number of the bond to each.
    kind
        RDKit's number of each bond's type.
    invariants, tags
        Of the n atoms, and what is known of their chirality.
    hashes
        Filled: one an environment, at most 3 n.
    work
        `N_ROWS` rows of n.

    Returns
    -------
    How many there are.
    """
    n = len(invariants)
    work[_CHIRAL, :n] = 0
    one, two = work[_ONE, :n], work[_TWO, :n]
    _grow(first, near, number, kind, 0, invariants, one, tags, work)
    _grow(first, near, number, kind, 1, one, two, tags, work)
    for i in range(n):
        hashes[i], hashes[n + i] = invariants[i], one[i]
        bits = 0
        for place in range(first[i], first[i + 1]):
            bits |= np.int64(1) << number[place]
        work[_BONDS, i] = bits
    n_wide = 0
    for i in range(n):
        bits = 0
        for other in near[first[i] : first[i + 1]]:
            bits |= work[_BONDS, other]
        if first[i + 1] - first[i] < 2 or bits == work[_BONDS, i]:
            continue
        # Of those that are the same set of bonds, the least hash.
        same = 0
        while same < n_wide and work[_WIDE, same] != bits:
            same += 1
        if same == n_wide:
            work[_WIDE, same], hashes[2 * n + same] = bits, two[i]
            n_wide += 1
        hashes[2 * n + same] = min(hashes[2 * n + same], two[i])
    return 2 * n + n_wide
