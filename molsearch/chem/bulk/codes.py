"""What an atom is to RDKit's atom pairs and torsions: element, pi electrons, neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.bulk.graphs import Graphs

#: Codes are taken modulo this.
LIMIT = 511

_LETTERS = np.zeros(256, np.uint8)
for _letter, _number in {"B": 5, "C": 6, "N": 7, "O": 8, "F": 9, "P": 15, "S": 16, "I": 53}.items():
    _LETTERS[ord(_letter)] = _number
    if _letter not in "FI":
        _LETTERS[ord(_letter.lower())] = _number
#: RDKit's number of each element among those that it tells apart.
TYPES = np.full(256, 15, np.uint32)
TYPES[[5, 6, 7, 8, 9, 14, 15, 16, 17, 33, 34, 35, 51, 52, 53]] = np.arange(15)
_AROMATIC = 1.5
_AMINE = 2  # bonds of a nitrogen beside one hydrogen


@dataclass(frozen=True, slots=True)
class Atoms:
    """The N atoms of M SMILES, in their order.

    Attributes
    ----------
    element
        uint8 ``[N]``: atomic numbers.
    count
        int64 ``[M]``: atoms of each text.
    hydrogen
        bool ``[N]``: whether the text gives the atom hydrogens (``[nH]``, ``[C@H]``).
    tagged
        bool ``[N]``: whether it gives the atom a chiral tag.
    """

    element: NDArray[np.uint8]
    count: NDArray[np.int64]
    hydrogen: NDArray[np.bool_]
    tagged: NDArray[np.bool_]


def atoms_of(texts: Sequence[str]) -> Atoms:
    """Read the atoms of SMILES of B, C, N, O, F, P, S, Cl, Br, I, and of no others."""
    text = np.frombuffer("".join(texts).encode("ascii"), np.uint8)
    number = _LETTERS[text]
    following = np.append(text[1:], np.uint8(0))
    number[(text == ord("C")) & (following == ord("l"))] = 17
    number[(text == ord("B")) & (following == ord("r"))] = 35
    at = np.flatnonzero(number)
    ends = np.cumsum([len(one) for one in texts])
    return Atoms(
        element=number[at],
        count=np.diff(np.searchsorted(at, ends), prepend=0),
        hydrogen=_marked(at, text == ord("H")),
        tagged=_marked(at, text == ord("@")),
    )


def _marked(at: NDArray[np.int64], marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which atoms, that begin `at` places of a text, some marks stand behind."""
    found = np.zeros(len(at), bool)
    found[np.searchsorted(at, np.flatnonzero(marks)) - 1] = True
    return found


def atom_codes(graphs: Graphs, atoms: Atoms) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Return the codes of atoms, and where they are not to be relied on.

    RDKit counts an atom's pi electrons by its hybridisation and explicit valence. Where these do
    not follow from its bonds (hydrogens written on an atom that is not tetrahedral, double bonds
    of heavy elements) the atom is unsure.

    Returns
    -------
    code, unsure
        uint32 and bool ``[N]``.
    """
    element, degree = atoms.element, graphs.degree
    valence = np.add.reduceat(graphs.order, graphs.first[:-1])
    aromatic = np.logical_or.reduceat(graphs.order == _AROMATIC, graphs.first[:-1])
    over = np.where(aromatic, 0.0, valence - degree).astype(np.int64)
    common = (element == 6) | (element == 7) | (element == 8)
    # Four neighbours make sulfur and phosphorus tetrahedral, whatever their double bonds.
    tetrahedral = ((element == 16) | (element == 15)) & (degree == 4)
    low = (element == 16) & (degree <= 2)
    over[tetrahedral] = 0
    unsure = (over > 0) & ~common & ~low
    # [NH] of two bonds is N to the canonical SMILES, which RDKit's own codes are of.
    amine = (element == 7) & (valence == _AMINE)
    unsure |= atoms.hydrogen & ~aromatic & ~amine & ((element != 6) | (over > 0) | (degree != 3))
    pi = np.where(aromatic, 1, over).astype(np.uint32) % np.uint32(3)
    branches = degree.astype(np.uint32) % np.uint32(7)
    return branches | pi << np.uint32(3) | TYPES[element] << np.uint32(5), unsure
