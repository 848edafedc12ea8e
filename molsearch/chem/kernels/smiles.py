"""Canonical SMILES of plain molecules as graphs, without RDKit.

What is read is what RDKit writes of a molecule that `molsearch.chem.plain` has read: one fragment,
nine elements, few brackets. Whatever else stands in a text makes it one that is not read here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.bulk.graphs import MOST
from molsearch.chem.kernels.atoms import (
    BRACKET,
    CHARGE,
    ELEMENT,
    IN_RING,
    IS_AROMATIC,
    N_FIELDS,
    PARENT,
    WRITTEN,
    describe,
)
from molsearch.chem.kernels.compiling import inner, outer

#: What is told of a molecule: its codes are not to be relied on; its text is not read.
UNSURE, NOT_READ = 1, 2

# Twice the order of a bond.
_SINGLE, _AROMATIC, _DOUBLE, _TRIPLE = 2, 3, 4, 6
# What a character is.
_OTHER, _ATOM, _BRACKET, _BOND, _OPEN, _CLOSE, _DIGIT, _PERCENT = range(8)
_KIND, _VALUE = np.zeros(256, np.int64), np.zeros(256, np.int64)
for _kind, _characters, _values in (
    (_ATOM, "BCNOFPSIbcnops", (5, 6, 7, 8, 9, 15, 16, 53, 5, 6, 7, 8, 15, 16)),
    (_BOND, "-/\\=#", (_SINGLE, _SINGLE, _SINGLE, _DOUBLE, _TRIPLE)),
    (_DIGIT, "0123456789", tuple(range(10))),
    *((kind, sign, (0,)) for kind, sign in zip((2, 4, 5, 7), "[()%", strict=True)),
):
    for _character, _value in zip(_characters, _values, strict=True):
        _KIND[ord(_character)], _VALUE[ord(_character)] = _kind, _value
_N_RINGS = 100
_A, _AT, _CLOSING = ord("a"), ord("@"), ord("]")
_C, _H, _N, _O, _n, _l, _r, _B = (ord(one) for one in "CHNOnlrB")
_PLUS, _MINUS = ord("+"), ord("-")

_Ints = NDArray[np.int64]


@inner
def _read_bracket(text: NDArray[np.uint8], at: int, end: int, atoms: _Ints, n: int) -> int:
    """Read [nH], [N+], [O-], [C@], [C@@], [C@H] or [C@@H]; return its end, -1 of any other."""
    close = at
    while close < end and text[close] != _CLOSING:
        close += 1
    if close == end or close - at < 2:
        return -1
    one, two = text[at], text[at + 1]
    atoms[n, BRACKET], at = 1, at + 2
    if one == _n and two == _H:
        atoms[n, ELEMENT], atoms[n, IS_AROMATIC], atoms[n, WRITTEN] = 7, 1, 1
    elif one == _N and two == _PLUS:
        atoms[n, ELEMENT], atoms[n, CHARGE] = 7, 1
    elif one == _O and two == _MINUS:
        atoms[n, ELEMENT], atoms[n, CHARGE] = 8, -1
    elif one == _C and two == _AT:
        atoms[n, ELEMENT] = 6
        at += text[at] == _AT
        if text[at] == _H:
            atoms[n, WRITTEN] = 1
            at += 1
    return close + 1 if at == close and atoms[n, ELEMENT] else -1


@inner
def _read_atom(text: NDArray[np.uint8], at: int, end: int, atoms: _Ints, n: int) -> int:
    """Read an atom, of which the first character stands before `at`; return its end."""
    character = text[at - 1]
    if _KIND[character] == _BRACKET:
        return _read_bracket(text, at, end, atoms, n)
    atoms[n, ELEMENT], atoms[n, IS_AROMATIC] = _VALUE[character], character >= _A
    if at < end and character == _C and text[at] == _l:
        atoms[n, ELEMENT], at = 17, at + 1
    elif at < end and character == _B and text[at] == _r:
        atoms[n, ELEMENT], at = 35, at + 1
    return at


@inner
def _number(text: NDArray[np.uint8], at: int, end: int) -> int:
    """Read the number of a ring bond that begins before `at`; -1 of what is none."""
    if _KIND[text[at - 1]] == _DIGIT:
        return _VALUE[text[at - 1]]
    if at + 1 >= end or _KIND[text[at]] != _DIGIT or _KIND[text[at + 1]] != _DIGIT:
        return -1
    return 10 * _VALUE[text[at]] + _VALUE[text[at + 1]]


@inner
def _bind(atoms: _Ints, bonds: _Ints, at: int, one: int, two: int, order: int) -> None:
    """Note a bond; where the text says nothing of it, its atoms decide."""
    if order == 0:
        both = atoms[one, IS_AROMATIC] and atoms[two, IS_AROMATIC]
        order = _AROMATIC if both else _SINGLE
    bonds[at, 0], bonds[at, 1], bonds[at, 2] = one, two, order


@inner
def _mark_ring(atoms: _Ints, one: int, two: int) -> None:
    """Mark the atoms of the ring that a bond between two atoms closes."""
    while one != two:
        if one > two:
            atoms[one, IN_RING] = 1
            one = atoms[one, PARENT]
        else:
            atoms[two, IN_RING] = 1
            two = atoms[two, PARENT]
    atoms[one, IN_RING] = 1


@inner
def _ring(
    rings: _Ints, atoms: _Ints, bonds: _Ints, at: int, number: int, last: int, order: int
) -> int:
    """Open a ring bond, or close it; return how many bonds that makes."""
    other = rings[number, 0]
    if other < 0:
        rings[number, 0], rings[number, 1] = last, order
        return 0
    _bind(atoms, bonds, at, other, last, order if order else rings[number, 1])
    _mark_ring(atoms, other, last)
    rings[number, 0] = -1
    return 1


@inner
def _walk(  # noqa: C901  a character after the other
    text: NDArray[np.uint8],
    at: int,
    end: int,
    atoms: _Ints,
    bonds: _Ints,
    rings: _Ints,
    stack: _Ints,
) -> tuple[int, int]:
    """Read a text; return its numbers of atoms and bonds, 0 atoms of one that is not read."""
    n = n_bonds = depth = order = opened = 0
    last = -1
    while at < end:
        kind, value = _KIND[text[at]], _VALUE[text[at]]
        at += 1
        if _ATOM <= kind <= _BRACKET:
            if n == MOST or (last < 0 and n):
                return 0, 0
            for field in range(N_FIELDS):
                atoms[n, field] = 0
            at = _read_atom(text, at, end, atoms, n)
            if at < 0:
                return 0, 0
            atoms[n, PARENT] = last
            if last >= 0:
                _bind(atoms, bonds, n_bonds, last, n, order)
                n_bonds += 1
            last, order, n = n, 0, n + 1
        elif last < 0:
            return 0, 0
        elif kind == _BOND and order == 0:
            order = value
        elif kind == _OPEN and depth < MOST:
            stack[depth] = last
            depth += 1
        elif kind == _CLOSE and depth:
            depth -= 1
            last = stack[depth]
        elif kind >= _DIGIT:
            number = _number(text, at, end)
            if number < 0:
                return 0, 0
            at += 2 if kind == _PERCENT else 0
            made = _ring(rings, atoms, bonds, n_bonds, number, last, order)
            n_bonds += made
            opened += 1 - 2 * made
            order = 0
        else:
            return 0, 0
    whole = n > 1 and n_bonds <= MOST and depth == 0 and order == 0 and opened == 0
    return (n, n_bonds) if whole else (0, 0)


@outer
def read_smiles(
    text: NDArray[np.uint8],
    ends: _Ints,
    start: _Ints,
    bonds: _Ints,
    bond_start: _Ints,
    invariants: _Ints,
    codes: _Ints,
    unsure: NDArray[np.int8],
) -> None:
    """Read M canonical SMILES that stand end to end.

    Parameters
    ----------
    text, ends
        uint8 ``[L]`` and int64 ``[M]``: where each ends.
    start, bond_start
        int64 ``[M + 1]``, filled: where the atoms and the bonds of each molecule begin.
    bonds
        int64 ``[L, 3]``, filled: both atoms of a bond within its molecule, the first of the text
        first, and twice its order.
    invariants, codes
        int64 ``[L]``, filled: RDKit's connectivity invariants, and codes as of
        `molsearch.chem.bulk.codes.atom_codes`.
    unsure
        int8 ``[M]``, filled: 0, `UNSURE` or `NOT_READ`; a text that is not read has no atoms.
    """
    atoms = np.empty((MOST, N_FIELDS), np.int64)
    rings = np.empty((_N_RINGS, 2), np.int64)
    stack = np.empty(MOST, np.int64)
    rings[:, 0] = -1
    start[0] = bond_start[0] = begin = 0
    for m in range(len(ends)):
        first, base = bond_start[m], start[m]
        n, n_bonds = _walk(text, begin, ends[m], atoms, bonds[first:], rings, stack)
        told = NOT_READ
        if n:
            told = describe(
                atoms[:n], bonds[first : first + n_bonds], invariants[base:], codes[base:]
            )
        else:
            rings[:, 0] = -1
        if told == NOT_READ:
            n = n_bonds = 0
        unsure[m] = told
        start[m + 1], bond_start[m + 1] = base + n, first + n_bonds
        begin = ends[m]
