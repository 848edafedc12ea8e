"""Chemical edits give molecules, and every one of them is what a chemist would draw."""

from __future__ import annotations

import pytest
from molecules import SMILES
from rdkit import Chem

from molsearch.chem.edits import Edit, edited, single_edits


def outcomes(smiles):
    mol = Chem.MolFromSmiles(smiles)
    return {edited(mol, [edit]) for edit in single_edits(mol)}


def test_each_substituent_is_cut_and_each_heteroatom_made_carbon():
    assert outcomes("COc1ccccc1F") == {
        Chem.CanonSmiles(smiles)
        for smiles in (
            "Oc1ccccc1F", "c1ccccc1F", "COc1ccccc1",  # cut
            "CCc1ccccc1F", "COc1ccccc1C",  # carbon
        )
    }  # fmt: skip


@pytest.mark.parametrize(
    ("smiles", "made"),
    [
        ("c1ccncc1CC", "CCc1ccccc1"),
        ("c1cc[nH]c1CC", "CCC1=CC=CC1"),
        ("CC(=O)CCCC", "C=C(C)CCCC"),
        ("C[C@H](N)C(=O)OCC", "CCOC(=O)C(C)C"),
    ],
)
def test_a_heteroatom_becomes_carbon(smiles, made):
    assert Chem.CanonSmiles(made) in outcomes(smiles)


def test_what_gives_no_molecule_is_no_edit():
    mol = Chem.MolFromSmiles("CS(=O)(=O)c1ccccc1")
    sulphur = next(atom.GetIdx() for atom in mol.GetAtoms() if atom.GetSymbol() == "S")
    assert edited(mol, [Edit("carbon", (sulphur,))]) is None
    assert Edit("carbon", (sulphur,)) not in single_edits(mol)


@pytest.mark.parametrize("smiles", SMILES)
def test_all_outcomes_are_other_molecules_in_one_part(smiles):
    for text in outcomes(smiles):
        assert "." not in text
        assert Chem.CanonSmiles(text) == text
        assert text != Chem.CanonSmiles(smiles)


def test_several_edits_at_once():
    mol = Chem.MolFromSmiles("COc1ccccc1F")
    text = edited(mol, [Edit("cut", (0,)), Edit("carbon", (8,))])
    assert text == Chem.CanonSmiles("Oc1ccccc1C")
