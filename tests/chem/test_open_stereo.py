from __future__ import annotations

import pytest
from rdkit import Chem

from molsearch.chem.open_stereo import n_unspecified_stereo


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
