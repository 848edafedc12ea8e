"""What atoms are to pairs and torsions, against RDKit's own codes."""

from __future__ import annotations

import pytest
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from molsearch.chem.bulk.codes import atom_codes, atoms_of
from molsearch.chem.bulk.graphs import joined, seen

SURE = [
    *("CC(=O)Nc1ccc(O)cc1", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "NS(=O)(=O)c1ccc(Cl)cc1", "CC#CC=C"),
    *("O=[N+]([O-])c1ccc(Br)cc1I", "CC(=S)N(C)C", "C[C@H](N)CP(=O)(O)O", "c1cc[nH]c1", "CBF"),
]


@pytest.mark.parametrize("smiles", SURE)
def test_codes_are_rdkits(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    codes, unsure = atom_codes(joined([seen(mol)]), atoms_of([smiles]))
    due = [rdMolDescriptors.GetAtomPairAtomCode(atom) for atom in mol.GetAtoms()]
    assert codes.tolist() == due
    assert not unsure.any()


@pytest.mark.parametrize("smiles", ["C[C@H]=CCC", "CI(=O)=O"])
def test_atoms_whose_bonds_do_not_tell_are_unsure(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    _, unsure = atom_codes(joined([seen(mol)]), atoms_of([smiles]))
    assert unsure.tolist() == [atom.GetIdx() == 1 for atom in mol.GetAtoms()]


def test_atoms_of_several_texts() -> None:
    atoms = atoms_of(["ClC[C@@H](F)Br", "c1cc[nH]c1", "O=[N+]([O-])C"])
    assert atoms.count.tolist() == [5, 5, 4]
    assert atoms.element.tolist() == [17, 6, 6, 9, 35, 6, 6, 6, 7, 6, 8, 7, 8, 6]
    assert [at for at, has in enumerate(atoms.hydrogen) if has] == [2, 8]
    assert [at for at, has in enumerate(atoms.tagged) if has] == [2]
