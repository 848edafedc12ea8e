"""Murcko scaffolds: rings and the chains between them."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold


def scaffold(mol: Chem.Mol) -> str:
    """Canonical SMILES of the Murcko scaffold, without stereo; empty for acyclic molecules.

    Stereo is left out because a scaffold groups compounds: enantiomers belong together.
    """
    if mol.GetRingInfo().NumRings() == 0:
        return ""
    core = MurckoScaffold.GetScaffoldForMol(mol)
    return str(Chem.MolToSmiles(core, isomericSmiles=False))
