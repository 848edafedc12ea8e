"""Marks of stereo on atoms and bonds, as environments with chirality see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molsearch.chem.bulk.circular import Stereo
from molsearch.chem.bulk.graphs import DOUBLE, Graphs

_CIP = {"R": 3, "S": 2}
# RDKit numbers stereo double bonds from here.
_FIRST = 100 + 10 * DOUBLE
_DOUBLE_ORDER = 2.0
# Whatever is no atom of a plain SMILES, and second letters, for `str.translate`.
_NO_ATOMS = {one: None for one in range(128) if chr(one) not in "BCNOFPSIbcnops@"}


def stereo_of(
    graphs: Graphs, mols: Sequence[Chem.Mol], tagged: NDArray[np.int64], drawn: Sequence[bool]
) -> Stereo:
    """Read the stereo of molecules.

    Parameters
    ----------
    graphs, mols
        The molecules.
    tagged
        int64: atoms that may have a chiral tag.
    drawn
        For each molecule whether double bonds may have stereo.
    """
    atoms = np.zeros(len(graphs.molecule), np.uint32)
    molecule = graphs.molecule[tagged]
    places = zip(tagged.tolist(), molecule.tolist(), graphs.local[tagged].tolist(), strict=True)
    for at, of, local in places:
        atoms[at] = _chirality(mols[of].GetAtomWithIdx(local))
    kinds = graphs.kinds.copy()
    may = np.asarray(drawn)[graphs.molecule[graphs.begin]]
    local = graphs.local
    for at in np.flatnonzero(may & (graphs.order == _DOUBLE_ORDER)).tolist():
        begin, end = int(graphs.begin[at]), int(graphs.end[at])
        mol = mols[int(graphs.molecule[begin])]
        kinds[at] = _kind_of(mol.GetBondBetweenAtoms(int(local[begin]), int(local[end])))
    return Stereo(atoms, kinds)


@dataclass(frozen=True, slots=True)
class Marks:
    """Stereo of one molecule, its atoms in the order of its canonical SMILES.

    Attributes
    ----------
    atoms
        Atoms with a chiral tag, and what `Stereo.atoms` says of each.
    bonds
        Both atoms of each stereo double bond, the first of the text first, and its number as of
        `Stereo.kinds`.
    """

    atoms: list[tuple[int, int]]
    bonds: list[tuple[int, int, int]]


def marks_of(mol: Chem.Mol, canonical: str) -> Marks:
    """Read the stereo of a molecule, of which the canonical SMILES has just been written."""
    order = mol.GetProp("_smilesAtomOutputOrder").strip("[],").split(",")
    atoms: list[tuple[int, int]] = []
    bonds: list[tuple[int, int, int]] = []
    # An atom a letter, and a sign behind those with a tag.
    letters = canonical.replace("@@", "@").translate(_NO_ATOMS) if "@" in canonical else ""
    at = letters.find("@")
    while at >= 0:
        place = at - 1 - len(atoms)
        atoms.append((place, _cip(mol.GetAtomWithIdx(int(order[place])))))
        at = letters.find("@", at + 1)
    if "/" in canonical or "\\" in canonical:
        for one, two in mol.GetSubstructMatches(_double_bond()):
            kind = _kind_of(mol.GetBondBetweenAtoms(one, two))
            if kind != DOUBLE:
                low, high = sorted((order.index(str(one)), order.index(str(two))))
                bonds.append((low, high, kind))
    return Marks(atoms, bonds)


@cache
def _double_bond() -> Chem.Mol:
    return Chem.MolFromSmarts("*=*")


def _chirality(atom: Chem.Atom) -> int:
    """Return what `Stereo.atoms` says of an atom."""
    if atom.GetChiralTag() == Chem.ChiralType.CHI_UNSPECIFIED:
        return 0
    return _cip(atom)


def _cip(atom: Chem.Atom) -> int:
    return _CIP.get(atom.GetProp("_CIPCode") if atom.HasProp("_CIPCode") else "", 1)


def _kind_of(bond: Chem.Bond) -> int:
    """Return what `Stereo.kinds` says of a double bond."""
    stereo = bond.GetStereo()
    return DOUBLE if stereo == Chem.BondStereo.STEREONONE else _FIRST + int(stereo)
