"""Stereo that a structure leaves open."""

from __future__ import annotations

from rdkit import Chem

from molsearch.chem.stereo import n_relative


def n_unspecified_stereo(mol: Chem.Mol) -> int:
    """Count stereocentres and stereo double bonds that the structure leaves open.

    Those of an AND or OR group are open too, although they are drawn. Double bonds to N-H are not
    counted: they swap in solution and nobody draws them on purpose.
    """
    return n_relative(mol) + sum(
        item.specified == Chem.StereoSpecified.Unspecified and not _is_imine(mol, item)
        for item in Chem.FindPotentialStereo(mol)
    )


def _is_imine(mol: Chem.Mol, item: Chem.StereoInfo) -> bool:
    if item.type != Chem.StereoType.Bond_Double:
        return False
    bond = mol.GetBondWithIdx(item.centeredOn)
    ends = (bond.GetBeginAtom(), bond.GetEndAtom())
    return any(end.GetAtomicNum() == 7 and end.GetTotalNumHs() > 0 for end in ends)
