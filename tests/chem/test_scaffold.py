from __future__ import annotations

import pytest
from rdkit import Chem

from molsearch.chem.scaffold import scaffold


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CC(C)Cc1ccc(cc1)C(C)C(=O)O", "c1ccccc1"),
        ("Cc1ccc(CNc2ccccn2)cc1", "c1ccc(CNc2ccccn2)cc1"),
        ("CCCCO", ""),
        ("C[C@H]1CC[C@@H](c2ccccc2)C1", "c1ccc(C2CCCC2)cc1"),
    ],
)
def test_scaffold(smiles: str, expected: str) -> None:
    assert scaffold(Chem.MolFromSmiles(smiles)) == expected


def test_enantiomers_share_a_scaffold() -> None:
    one, other = "C[C@H]1CCCN1c1ccccc1", "C[C@@H]1CCCN1c1ccccc1"
    assert scaffold(Chem.MolFromSmiles(one)) == scaffold(Chem.MolFromSmiles(other))
