"""The parts a chemist sees in a molecule: ring systems, and the chains between and beside them."""

from __future__ import annotations

from rdkit import Chem


def pieces(mol: Chem.Mol) -> list[tuple[int, ...]]:
    """Cut a molecule at every bond between a ring and what hangs on it; each atom in one piece.

    A ring system is one piece, and so is a connected part outside rings; what a ring holds by a
    double bond (a carbonyl's oxygen) belongs to it.
    """
    cut = {bond.GetIdx() for bond in mol.GetBonds() if _between(bond)}
    left = [
        (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
        for bond in mol.GetBonds()
        if bond.GetIdx() not in cut
    ]
    group = list(range(mol.GetNumAtoms()))

    def root(atom: int) -> int:
        while group[atom] != atom:
            atom = group[atom]
        return atom

    for one, two in left:
        group[root(one)] = root(two)
    found: dict[int, list[int]] = {}
    for atom in range(mol.GetNumAtoms()):
        found.setdefault(root(atom), []).append(atom)
    return [tuple(atoms) for atoms in found.values()]


def piece_smiles(mol: Chem.Mol, atoms: tuple[int, ...]) -> str:
    """Write a piece of a molecule."""
    return str(Chem.MolFragmentToSmiles(mol, atoms))


def _between(bond: Chem.Bond) -> bool:
    """Whether a bond joins a ring with what is no part of that ring."""
    if bond.IsInRing() or bond.GetBondType() != Chem.BondType.SINGLE:
        return False
    return bool(bond.GetBeginAtom().IsInRing() or bond.GetEndAtom().IsInRing())
