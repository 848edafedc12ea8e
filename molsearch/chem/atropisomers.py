"""Hindered single bonds in CXSMILES, spelled in one way.

RDKit reads and writes such bonds as wedges faithfully, but it has several spellings for one
molecule, and its canonical form of stereo groups turns hindered bonds over; so here is our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from rdkit import Chem, rdBase
from rdkit.Chem import rdMolTransforms

from molsearch.errors import MolSearchError

_SENSES = (Chem.BondStereo.STEREOATROPCW, Chem.BondStereo.STEREOATROPCCW)
_MOST_SYMMETRIES = 1000
_MOST_FLIPPED = 6  # groups whose mirror images are compared
_FIELDS: Any = Chem.CXSmilesFields.CX_ENHANCEDSTEREO | Chem.CXSmilesFields.CX_BOND_ATROPISOMER
_PLACE = "place"

_Ends = tuple[int, int]  # atoms of a hindered bond, the lower number first


class _Group(NamedTuple):
    kind: str  # "&" or "o"
    atoms: tuple[int, ...]
    bonds: tuple[_Ends, ...]


class _Marks(NamedTuple):
    """What the extension says: the sense of each bond (0 or 1), and the groups."""

    senses: tuple[tuple[_Ends, int], ...]
    groups: tuple[_Group, ...]


def atropisomer_bonds(mol: Chem.Mol) -> list[Chem.Bond]:
    """Single bonds whose hindered rotation is specified."""
    return [bond for bond in mol.GetBonds() if bond.GetStereo() in _SENSES]


def relative_groups(mol: Chem.Mol) -> list[Chem.StereoGroup]:
    """List groups whose members are known relative to each other alone: AND and OR."""
    absolute = Chem.StereoGroupType.STEREO_ABSOLUTE
    return [group for group in mol.GetStereoGroups() if group.GetGroupType() != absolute]


def keeps_atropisomers(mol: Chem.Mol, conformer_id: int = -1) -> bool:
    """Whether a conformer is turned about every hindered bond as specified."""
    for bond in atropisomer_bonds(mol):
        first, last = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        torsion = rdMolTransforms.GetDihedralDeg(
            mol.GetConformer(conformer_id),
            *(_neighbour(mol, first, last), first, last, _neighbour(mol, last, first)),
        )
        if (torsion > 0) != (bond.GetStereo() == Chem.BondStereo.STEREOATROPCW):
            return False
    return True


def numbered(mol: Chem.Mol) -> Chem.Mol:
    """Copy a molecule whose atoms know their places, whatever becomes of their order."""
    mol = Chem.Mol(mol)
    for atom in mol.GetAtoms():
        atom.SetIntProp(_PLACE, atom.GetIdx())
    return mol


def cx_smiles(mol: Chem.Mol) -> tuple[str, list[int]]:
    """RDKit's CXSMILES of a `numbered` molecule, and its atoms' places in the text's order."""
    parameters = Chem.SmilesWriteParams()
    placed = Chem.MolToCXSmiles(mol, parameters, _FIELDS | Chem.CXSmilesFields.CX_ATOM_PROPS)
    order = [atom.GetIntProp(_PLACE) for atom in Chem.MolFromSmiles(placed).GetAtoms()]
    return str(Chem.MolToCXSmiles(mol, parameters, _FIELDS)), order


def spelled(mol: Chem.Mol) -> tuple[str, list[int]]:
    """Canonical CXSMILES of a molecule with hindered bonds, and its atoms in the text's order.

    Mirror images within each AND or OR group are one and the same, so the first in order stands
    for both.
    """
    return min(_written(image) for image in _images(mol))


def _images(mol: Chem.Mol) -> Iterator[Chem.Mol]:
    groups = relative_groups(mol)
    choices = product((False, True), repeat=len(groups) if len(groups) <= _MOST_FLIPPED else 0)
    for choice in choices:
        image = Chem.Mol(mol)
        for group, flipped in zip(groups, choice, strict=False):
            if flipped:
                _flip(image, group)
        yield image


def _flip(mol: Chem.Mol, group: Chem.StereoGroup) -> None:
    for atom in group.GetAtoms():
        mol.GetAtomWithIdx(atom.GetIdx()).InvertChirality()
    for bond in group.GetBonds():
        sense = _SENSES.index(bond.GetStereo())
        mol.GetBondWithIdx(bond.GetIdx()).SetStereo(_SENSES[1 - sense])


def _written(mol: Chem.Mol) -> tuple[str, list[int]]:
    # RDKit's order of atoms depends on the very spelling of hindered bonds, so they are left out.
    plain_mol = _without(mol)
    plain = str(Chem.MolToSmiles(plain_mol))
    order = list(plain_mol.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])
    bare = Chem.MolFromSmiles(plain)
    there = sorted(range(len(order)), key=order.__getitem__)
    marks = _renumbered(_marks(mol), mol, bare, there)
    ways = bare.GetSubstructMatches(
        bare, uniquify=False, useChirality=True, maxMatches=_MOST_SYMMETRIES
    )
    # Where a symmetric molecule can be numbered in several ways, the first in order is taken.
    marks, way = min((_renumbered(marks, bare, bare, way), way) for way in ways)
    items = [*_wedges(plain, bare, marks), *_listed(marks)]
    back = sorted(range(len(way)), key=way.__getitem__)
    return f"{plain} |{','.join(items)}|", [order[place] for place in back]


def _without(mol: Chem.Mol) -> Chem.Mol:
    bare = Chem.RWMol(mol)
    bare.SetStereoGroups([])
    for bond in atropisomer_bonds(bare):
        bond.SetStereo(Chem.BondStereo.STEREONONE)
    return bare.GetMol()


def _marks(mol: Chem.Mol) -> _Marks:
    senses = ((_ends(bond), _SENSES.index(bond.GetStereo())) for bond in atropisomer_bonds(mol))
    groups = (
        _Group(
            "o" if group.GetGroupType() == Chem.StereoGroupType.STEREO_OR else "&",
            tuple(sorted(atom.GetIdx() for atom in group.GetAtoms())),
            tuple(sorted(_ends(bond) for bond in group.GetBonds())),
        )
        for group in relative_groups(mol)
    )
    return _Marks(tuple(sorted(senses)), tuple(sorted(groups)))


def _ends(bond: Chem.Bond) -> _Ends:
    first, last = sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
    return first, last


def _renumbered(marks: _Marks, mol: Chem.Mol, new: Chem.Mol, way: Sequence[int]) -> _Marks:
    """Say the same of `new`, where atom ``i`` of `mol` is called ``way[i]``."""
    senses = []
    for ends, sense in marks.senses:
        # A sense refers to the neighbour of lowest number at each end.
        changed = sum(
            way[_neighbour(mol, end, other)] != _neighbour(new, way[end], way[other])
            for end, other in (ends, ends[::-1])
        )
        senses.append((_moved(ends, way), (sense + changed) % 2))
    groups = (
        _Group(
            kind,
            tuple(sorted(way[atom] for atom in atoms)),
            tuple(sorted(_moved(ends, way) for ends in bonds)),
        )
        for kind, atoms, bonds in marks.groups
    )
    return _Marks(tuple(sorted(senses)), tuple(sorted(groups)))


def _moved(ends: _Ends, way: Sequence[int]) -> _Ends:
    first, last = sorted((way[ends[0]], way[ends[1]]))
    return first, last


def _neighbour(mol: Chem.Mol, end: int, other: int) -> int:
    atoms = mol.GetAtomWithIdx(end).GetNeighbors()
    return min(atom.GetIdx() for atom in atoms if atom.GetIdx() != other)


def _wedges(plain: str, bare: Chem.Mol, marks: _Marks) -> list[str]:
    return [_wedge(plain, bare.GetNumBonds(), *one) for one in marks.senses]


def _wedge(plain: str, n_bonds: int, ends: _Ends, sense: int) -> str:
    """First wedge at a bond's first end that gives it its sense.

    By trial, because a wedge names a bond by its place in the text, which the molecule forgets.
    """
    with rdBase.BlockLogs():
        for place in range(n_bonds):
            for mark in (f"wU:{ends[0]}.{place}", f"wD:{ends[0]}.{place}"):
                mol = Chem.MolFromSmiles(f"{plain} |{mark}|")
                bond = mol and mol.GetBondBetweenAtoms(*ends)
                if bond and bond.GetStereo() == _SENSES[sense]:
                    return mark
    raise MolSearchError(f"no wedge gives bond {ends} of {plain} its sense")


def _listed(marks: _Marks) -> list[str]:
    """Write groups as CXSMILES has them: a hindered bond goes by the atom its wedge is at."""
    counts = {"&": 0, "o": 0}
    found = []
    for kind, atoms, bonds in marks.groups:
        counts[kind] += 1
        members = ",".join(map(str, (*atoms, *(ends[0] for ends in bonds))))
        found.append(f"{kind}{counts[kind]}:{members}")
    return found
