"""Fingerprints and bags of graphs that `molsearch.chem.kernels.smiles` has read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.bulk.codes import LIMIT
from molsearch.chem.bulk.graphs import MOST
from molsearch.chem.kernels.compiling import inner, outer
from molsearch.chem.kernels.environments import N_ROWS, environments
from molsearch.chem.kernels.hashing import combined

# Times a power of two, it has that power in its six highest bits, by this table.
_DE_BRUIJN = 0x03F79D71B4CB0A89
_PLACE = np.zeros(64, np.int64)
_PLACE[[((_DE_BRUIJN << place) & (2**64 - 1)) >> 58 for place in range(64)]] = np.arange(64)
_FACTOR, _SHIFT, _ONE, _BITS = np.uint64(_DE_BRUIJN), np.uint64(58), np.uint64(1), np.uint64(63)

_ENDS = 2 * MOST  # of bonds
_MOST_COUNTED = 255  # counts are kept in a byte

_Ints = NDArray[np.int64]
_Words = NDArray[np.uint64]


@inner
def _count(value: int, first: int, size: int, counts: NDArray[np.uint16], words: _Words) -> None:
    """Count a hash in one of the `size` rows from `first`, and mark that row."""
    row = first + np.int64(np.uint32(value) % np.uint32(size))
    counts[row] += 1
    words[row >> 6] |= _ONE << (np.uint64(row) & _BITS)


@inner
def _lowest(word: int) -> int:
    """Place of the lowest bit of a word that has some."""
    return _PLACE[(word & (~word + _ONE)) * _FACTOR >> _SHIFT]


@inner
def _torsion(code: _Ints, a: int, b: int, c: int, d: int) -> int:
    """Hash of a torsion, see `molsearch.chem.bulk.torsions`."""
    w = ((code[a] - 2) & 0xFFFFFFFF) % LIMIT + 1
    x = ((code[b] - 2) & 0xFFFFFFFF) % LIMIT
    y = ((code[c] - 2) & 0xFFFFFFFF) % LIMIT
    z = ((code[d] - 2) & 0xFFFFFFFF) % LIMIT + 1
    if w > z or (w == z and x > y):
        w, x, y, z = z, y, x, w
    return combined(combined(combined(combined(0, w), x), y), z)


@inner
def _torsions(
    bonds: _Ints, first: _Ints, near: _Ints, code: _Ints, start: int, size: int,
    counts: NDArray[np.uint16], words: _Words,
) -> None:  # fmt: skip
    for bond in range(len(bonds)):
        b, c = bonds[bond, 0], bonds[bond, 1]
        for a in near[first[b] : first[b + 1]]:
            if a == c:
                continue
            for d in near[first[c] : first[c + 1]]:
                # A ring of three counts once, from its first atom.
                if d != b and (a != d or a < min(b, c)):
                    _count(_torsion(code, a, b, c, d), start, size, counts, words)


@inner
def _pairs(
    first: _Ints, near: _Ints, code: _Ints, furthest: int, reached: _Words, start: int, size: int,
    counts: NDArray[np.uint16], words: _Words,
) -> None:  # fmt: skip
    """Count pairs bond by bond: what each atom reaches are the bits of a word, twice."""
    n = len(code)
    for i in range(n):
        reached[0, i] = _ONE << np.uint64(i)
    for step in range(1, furthest + 1):
        grown = False
        for i in range(n):
            word = reached[0, i]
            for other in near[first[i] : first[i + 1]]:
                word |= reached[0, other]
            reached[1, i] = word
        for i in range(n):
            new = reached[1, i] ^ reached[0, i]
            reached[0, i] = reached[1, i]
            grown |= new != 0
            new &= ~((_ONE << np.uint64(i)) | ((_ONE << np.uint64(i)) - _ONE))  # later atoms
            mine = code[i] % LIMIT
            while new:
                its = code[_lowest(new)] % LIMIT
                new &= new - _ONE
                value = combined(combined(0, min(mine, its)), step)
                _count(combined(value, max(mine, its)), start, size, counts, words)
        if not grown:
            break


@inner
def _pack(counts: NDArray[np.uint16], words: _Words, out: NDArray[np.uint8]) -> int:
    """Write marked rows, then how often each occurs; forget them, and return the bytes."""
    n = 0
    for place in range(len(words)):
        word = words[place]
        while word:
            row = 64 * place + _lowest(word)
            word &= word - _ONE
            out[2 * n], out[2 * n + 1] = row & 0xFF, row >> 8
            n += 1
        words[place] = 0
    for i in range(n):
        row = out[2 * i] | np.int64(out[2 * i + 1]) << 8
        out[2 * n + i] = min(counts[row], _MOST_COUNTED)
        counts[row] = 0
    return 3 * n


@inner
def _neighbours(bonds: _Ints, n: int, first: _Ints, near: _Ints, number: _Ints) -> None:
    """Sort the ends of bonds by atom: its neighbours, and the number of the bond to each."""
    first[: n + 2] = 0
    for bond in range(len(bonds)):
        first[bonds[bond, 0] + 2] += 1
        first[bonds[bond, 1] + 2] += 1
    for i in range(n):
        first[i + 2] += first[i + 1]
    for bond in range(len(bonds)):
        for side in range(2):
            atom = bonds[bond, side]
            place = first[atom + 1]
            near[place], number[place] = bonds[bond, 1 - side], bond
            first[atom + 1] += 1


@outer
def count_all(
    start: _Ints,
    bond_start: _Ints,
    bonds: _Ints,
    kinds: _Ints,
    invariants: _Ints,
    codes: _Ints,
    chirality: _Ints,
    seen: NDArray[np.bool_],
    skipped: NDArray[np.bool_],
    sizes: tuple[int, int, int, int],
    furthest: int,
    further_start: _Ints,
    further: _Ints,
    prints: NDArray[np.uint8],
    out: NDArray[np.uint8],
    ends: _Ints,
) -> None:
    """Count the substructures of M molecules.

    Parameters
    ----------
    start, bond_start, bonds, invariants, codes
        As `read_smiles` fills them.
    kinds
        int64 ``[2, B]``: RDKit's number of each bond's type, and that with its stereo.
    chirality
        int64 ``[N]``: see `molsearch.chem.bulk.circular.Stereo`.
    seen
        bool ``[M]``: whether bags see stereo.
    skipped
        bool ``[M]``: molecules of which paths are not counted here.
    sizes
        Buckets of environments, torsions and pairs (0 is none, and of no environments no bag), and
        rows of the whole table.
    furthest
        Most bonds of a pair.
    further_start, further
        int64 ``[M + 1]`` and ``[F]``: rows to count besides.
    prints
        uint8 ``[M, 256]`` of zeros, filled: packed fingerprints.
    out, ends
        uint8 and int64 ``[M + 1]``, filled: packed bags, and where each ends.
    """
    first = np.empty(MOST + 2, np.int64)
    near, number = np.empty(_ENDS, np.int64), np.empty(_ENDS, np.int64)
    hashes = np.empty(3 * MOST, np.int64)
    work = np.empty((N_ROWS, MOST), np.int64)
    reached = np.empty((2, MOST), np.uint64)
    no_tags = np.zeros(MOST, np.int64)
    n_environments, n_torsions, n_pairs, n_rows = sizes
    counts = np.zeros(n_rows, np.uint16)
    words = np.zeros(n_rows // 64 + 1, np.uint64)
    ends[0] = 0
    for m in range(len(start) - 1):
        base, n, low, high = start[m], start[m + 1] - start[m], bond_start[m], bond_start[m + 1]
        of, code = bonds[low:high], codes[base : base + n]
        invariant = invariants[base : base + n]
        _neighbours(of, n, first, near, number)
        kind = kinds[0, low:high]
        found = environments(first, near, number, kind, invariant, no_tags, hashes, work)
        for value in hashes[:found]:
            bit = value % (8 * prints.shape[1])
            prints[m, bit >> 3] |= 0x80 >> (bit & 7)
        ends[m + 1] = ends[m]
        if n_environments == 0:
            continue
        if seen[m]:
            kind, tags = kinds[1, low:high], chirality[base : base + n]
            found = environments(first, near, number, kind, invariant, tags, hashes, work)
        for value in hashes[:found]:
            _count(value, 1, n_environments, counts, words)
        at = 1 + n_environments
        if n_torsions and not skipped[m]:
            _torsions(of, first, near, code, at, n_torsions, counts, words)
        if n_pairs and not skipped[m]:
            at += n_torsions
            _pairs(first, near, code, furthest, reached, at, n_pairs, counts, words)
        for row in further[further_start[m] : further_start[m + 1]]:
            _count(row, 0, n_rows, counts, words)
        ends[m + 1] += _pack(counts, words, out[ends[m] :])
