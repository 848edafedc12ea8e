"""A mixture is told from a salt."""

from __future__ import annotations

import pytest

from molsearch.chem.mixtures import left_out


@pytest.mark.parametrize(
    ("smiles", "due"),
    [
        ("CCCO.CCN", "CCN"),
        ("CCN.CCO", "CCN"),  # the heavier one is searched with
        ("C[C@H](N)C(=O)O.C[C@@H](N)C(=O)O", "C[C@H](N)C(=O)O"),
        ("CCO.CCO", ""),
        ("CC(=O)Oc1ccccc1C(=O)[O-].[Na+]", ""),
        ("CCNc1ccc(cc1)C(=O)O.OC(=O)C(F)(F)F", "O=C(O)C(F)(F)F"),
        ("CCCCCCNc1ccc(cc1)C(=O)OCC.OC(=O)C(F)(F)F", ""),
        ("[Na+].[Cl-]", ""),
        ("CCO", ""),
        ("not.a.structure", ""),
    ],
)
def test_what_is_left_out_of_a_mixture(smiles, due):
    assert left_out(smiles) == due
