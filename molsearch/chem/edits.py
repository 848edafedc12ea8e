"""Small chemical edits: a part is cut off, or heteroatoms are made carbon; a molecule comes out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from rdkit import Chem, rdBase

_LARGEST = 8  # atoms of a part that is cut off


@dataclass(frozen=True)
class Edit:
    """One change of a molecule.

    Attributes
    ----------
    kind
        ``cut``: the atoms go, and hydrogen takes their place; ``carbon``: each becomes carbon.
    atoms
        The atoms that are cut off or made carbon.
    """

    kind: Literal["cut", "carbon"]
    atoms: tuple[int, ...]


def single_edits(mol: Chem.Mol) -> list[Edit]:
    """List the edits of a molecule: each substituent cut off, each heteroatom made carbon.

    A substituent hangs on one bond outside rings and is at most `_LARGEST` atoms and a third of
    the molecule. Edits whose outcome is no molecule are left out.
    """
    most = min(_LARGEST, mol.GetNumAtoms() // 3)
    found = []
    for bond in mol.GetBonds():
        if bond.IsInRing() or bond.GetBondType() != Chem.BondType.SINGLE:
            continue
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        for kept, gone in (ends, ends[::-1]):
            part = _beyond(mol, kept, gone)
            if len(part) <= most:
                found.append(Edit("cut", tuple(sorted(part))))
    found += [
        Edit("carbon", (atom.GetIdx(),))
        for atom in mol.GetAtoms()
        if atom.GetAtomicNum() not in (1, 6)
    ]
    return [edit for edit in dict.fromkeys(found) if edited(mol, [edit]) is not None]


def edited(mol: Chem.Mol, edits: Collection[Edit]) -> str | None:
    """Apply edits to a molecule and write what comes out; None where that is no molecule.

    Parameters
    ----------
    edits
        Edits of `mol` that share no atom.
    """
    made = Chem.RWMol(mol)
    Chem.Kekulize(made, clearAromaticFlags=True)
    gone: set[int] = set()
    for edit in edits:
        if edit.kind == "cut":
            gone.update(edit.atoms)
            continue
        for index in edit.atoms:
            atom = made.GetAtomWithIdx(index)
            atom.SetAtomicNum(6)
            atom.SetFormalCharge(0)
            _free(atom)
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        for end in ends:
            if (ends[0] in gone) != (ends[1] in gone) and end not in gone:
                _free(made.GetAtomWithIdx(end))
    for index in sorted(gone, reverse=True):
        made.RemoveAtom(index)
    try:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(made)
            Chem.AssignStereochemistry(made, cleanIt=True, force=True)
            text = Chem.MolToSmiles(made)
            again = Chem.MolFromSmiles(text)
    except (ValueError, RuntimeError):
        return None
    return None if again is None or not text or "." in text else text


def _free(atom: Chem.Atom) -> None:
    """Let an atom take as many hydrogens as its valence asks for."""
    atom.SetNoImplicit(False)
    atom.SetNumExplicitHs(0)
    atom.SetNumRadicalElectrons(0)
    atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)


def _beyond(mol: Chem.Mol, kept: int, gone: int) -> set[int]:
    """Atoms on the far side of a bond outside rings."""
    found, edge = {gone}, [gone]
    while edge:
        atom = mol.GetAtomWithIdx(edge.pop())
        for other in atom.GetNeighbors():
            index = other.GetIdx()
            if index != kept and index not in found:
                found.add(index)
                edge.append(index)
    return found
