"""Atoms of a plain molecule as RDKit sees them: hydrogens, invariants, codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.bulk.codes import TYPES
from molsearch.chem.kernels.compiling import inner
from molsearch.chem.kernels.hashing import combined

#: Fields of an atom: what its text says, the atom before it, and what follows from its bonds
#: (twice the sum of their orders is the valence).
ELEMENT, IS_AROMATIC, BRACKET, WRITTEN, CHARGE, PARENT, IN_RING, DEGREE, VALENCE, AROMATICS = range(
    10
)
N_FIELDS = 10

_AROMATIC = 3  # twice the order of a bond
# Valences that an atom without brackets is filled up to: the first that is not exceeded.
_FULL = np.zeros((54, 3), np.int64)
for _elements, _valences in {
    (9, 17, 35): (1, 1, 1),
    (8,): (2, 2, 2),
    (5, 7): (3, 3, 3),
    (6,): (4, 4, 4),
    (15,): (3, 5, 7),
    (16,): (2, 4, 6),
    (53,): (1, 3, 5),
}.items():
    for _element in _elements:
        _FULL[_element] = _valences

_Ints = NDArray[np.int64]


@inner
def describe(atoms: _Ints, bonds: _Ints, invariants: _Ints, codes: _Ints) -> int:
    """Compute the invariants and codes of a molecule's atoms.

    Returns
    -------
    0 where all is well, 1 where codes are not to be relied on, 2 where an atom is none of a
    molecule that RDKit would write so.
    """
    for bond in range(len(bonds)):
        order = bonds[bond, 2]
        for side in range(2):
            i = bonds[bond, side]
            atoms[i, DEGREE] += 1
            atoms[i, VALENCE] += order
            atoms[i, AROMATICS] += order == _AROMATIC
    told = 0
    for i in range(len(atoms)):
        hydrogens = _hydrogens(atoms, i)
        if hydrogens < 0:
            return 2
        invariants[i] = _invariant(atoms, i, hydrogens)
        over = _over(atoms, i)
        if _is_unsure(atoms, i, over):
            told = 1
        pi = 1 if atoms[i, IS_AROMATIC] else over % 3
        codes[i] = atoms[i, DEGREE] % 7 | pi << 3 | TYPES[atoms[i, ELEMENT]] << 5
    return told


@inner
def _hydrogens(atoms: _Ints, i: int) -> int:
    """Hydrogens of an atom; -1 of one that cannot be."""
    if atoms[i, IS_AROMATIC]:
        if atoms[i, AROMATICS] < 2:
            return -1
        if atoms[i, BRACKET]:
            return atoms[i, WRITTEN]
        return 1 if atoms[i, ELEMENT] == 6 and atoms[i, DEGREE] == 2 else 0
    if atoms[i, BRACKET]:
        return atoms[i, WRITTEN]
    for turn in range(3):
        full = _FULL[atoms[i, ELEMENT], turn]
        if 2 * full >= atoms[i, VALENCE]:
            return full - atoms[i, VALENCE] // 2
    return -1


@inner
def _invariant(atoms: _Ints, i: int, hydrogens: int) -> int:
    """RDKit's connectivity invariant."""
    found = combined(0, atoms[i, ELEMENT])
    found = combined(found, atoms[i, DEGREE] + hydrogens)
    found = combined(found, hydrogens)
    found = combined(found, atoms[i, CHARGE] & 0xFFFFFFFF)
    found = combined(found, 0)  # no isotope
    return combined(found, 1) if atoms[i, IN_RING] else found


@inner
def _over(atoms: _Ints, i: int) -> int:
    """Bonds beyond one a neighbour, see `molsearch.chem.bulk.codes.atom_codes`."""
    is_heavy = atoms[i, ELEMENT] == 15 or atoms[i, ELEMENT] == 16
    if atoms[i, IS_AROMATIC] or (is_heavy and atoms[i, DEGREE] == 4):
        return 0
    return atoms[i, VALENCE] // 2 - atoms[i, DEGREE]


@inner
def _is_unsure(atoms: _Ints, i: int, over: int) -> bool:
    """Whether RDKit's count of pi electrons may be another, see there."""
    element, degree = atoms[i, ELEMENT], atoms[i, DEGREE]
    is_common = 6 <= element <= 8 or (element == 16 and degree <= 2)
    if over > 0 and not is_common:
        return True
    if not atoms[i, WRITTEN] or atoms[i, IS_AROMATIC]:
        return False
    return element != 6 or over > 0 or degree != 3
