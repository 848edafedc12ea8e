"""Mol blocks of hits."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molsearch.chem.inchi import smiles_of_inchi
from molsearch.chem.molblock import mol_block
from molsearch.errors import InputError


def test_stored_coordinates_come_back_as_3d():
    coords = np.array([[0, 0, 0], [1500, 0, 10], [2000, 1300, -450]], dtype=np.int16)
    mol = Chem.MolFromMolBlock(mol_block("CCO", coords, "id 7"))
    assert mol.GetProp("_Name") == "id 7"
    conformer = mol.GetConformer()
    assert conformer.Is3D()
    np.testing.assert_allclose(conformer.GetPositions(), coords / 1000, atol=1e-4)
    assert Chem.MolToSmiles(mol) == "CCO"


def test_without_coordinates_the_block_is_a_flat_drawing():
    mol = Chem.MolFromMolBlock(mol_block("C[C@H](N)C(=O)O", None, "a\nb"))
    assert not mol.GetConformer().Is3D()
    assert mol.GetProp("_Name") == "a b"
    assert Chem.MolToSmiles(mol) == "C[C@H](N)C(=O)O"


def test_coordinates_must_fit_the_structure():
    with pytest.raises(InputError, match="2 coordinates for 3 atoms"):
        mol_block("CCO", np.zeros((2, 3), np.int16), "")
    with pytest.raises(InputError, match="cannot read"):
        mol_block("C1CC", None, "")


def test_inchi_is_read_or_refused():
    assert smiles_of_inchi("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3") == "CCO"
    for bad in ("InChI=1S/C2H6O/c1-2-", "InChI=", "InChI=1S/hello"):
        with pytest.raises(InputError, match="not a readable InChI"):
            smiles_of_inchi(bad)
