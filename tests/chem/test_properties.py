from __future__ import annotations

import pytest
from rdkit import Chem

from molsearch.chem.properties import n_unspecified_stereo, properties
from molsearch.schema import PROPERTIES


def test_aspirin() -> None:
    found = properties(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O"))
    assert tuple(found) == PROPERTIES
    assert found == {
        "mw": 180.16,
        "clogp": 1.310,
        "tpsa": 63.6,
        "hbd": 1,
        "hba": 3,
        "rotatable_bonds": 2,
        "heavy_atoms": 13,
        "formal_charge": 0,
    }


def test_deuterium_is_not_a_heavy_atom() -> None:
    assert properties(Chem.MolFromSmiles("[2H]C([2H])([2H])O"))["heavy_atoms"] == 2


@pytest.mark.parametrize(
    ("smiles", "count"),
    [
        ("CC(O)CC", 1),
        ("C[C@H](O)CC", 0),
        ("CC=CC", 1),
        ("C/C=C/C", 0),
        ("CC(F)C(F)Cl", 2),
        ("C[C@H](F)C(F)Cl", 1),
        ("CCO", 0),
        ("N=C(N)c1ccccc1", 0),
        ("C1CCCC=C1", 0),
    ],
)
def test_open_stereo_is_counted(smiles: str, count: int) -> None:
    assert n_unspecified_stereo(Chem.MolFromSmiles(smiles)) == count
