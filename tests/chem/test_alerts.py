from __future__ import annotations

import pytest
from rdkit import Chem
from rdkit.Chem import FilterCatalog

from molsearch.chem.alerts import alerts, pattern_of

# Chosen so that many kinds of alert occur: dyes, quinones, rhodanines, halides, nitro, azo.
SMILES = [
    "O=C1C=CC(=O)c2ccccc21",
    "O=C1CSC(=S)N1Cc1ccccc1",
    "CN(C)c1ccc(N=Nc2ccccc2)cc1",
    "O=C(CBr)c1ccccc1",
    "O=[N+]([O-])c1ccc(O)c(O)c1",
    "CC(=O)Oc1ccccc1C(=O)O",
    "C[N+](C)(C)CCOC(C)=O",
    "CCCCCCCCC=CCCCCCCCC(=O)O",
    "O=C1N(c2ccccc2)C(=O)C=C1",
    "c1ccc2c(c1)[nH]c1ccccc12",
    "NNC(=S)c1ccncc1",
    "OB(O)c1ccccc1",
    "C1CCCCCC1",
    "O=C1NC(=O)C(=Cc2ccc(O)cc2)S1",
    "Oc1ccccc1C=NNC(=O)c1ccccc1",
]


def catalogue() -> FilterCatalog.FilterCatalog:
    parameters = FilterCatalog.FilterCatalogParams()
    for name in ("PAINS_A", "PAINS_B", "PAINS_C", "BRENK"):
        parameters.AddCatalog(getattr(parameters.FilterCatalogs, name))
    return FilterCatalog.FilterCatalog(parameters)


def names(text: str) -> list[str]:
    return [one.split(":", 1)[1] for one in text.split("; ")] if text else []


def test_every_catalogue_pattern_is_recovered() -> None:
    whole = catalogue()
    patterns = [pattern_of(whole.GetEntryWithIdx(i)) for i in range(whole.GetNumEntries())]
    assert len(patterns) == 585
    assert all(one is not None and one.GetNumAtoms() > 0 for one in patterns)


@pytest.mark.parametrize("smiles", SMILES)
def test_screened_alerts_equal_the_catalogue(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    expected = [entry.GetDescription() for entry in catalogue().GetMatches(mol)]
    assert names(alerts(mol)) == expected


def test_the_sample_has_both_families() -> None:
    found = "; ".join(alerts(Chem.MolFromSmiles(one)) for one in SMILES)
    assert "PAINS:rhod_sat_A(33)" in found or "PAINS:" in found
    assert "BRENK:" in found


def test_names_carry_their_family() -> None:
    assert alerts(Chem.MolFromSmiles("CCBr")) == "BRENK:alkyl_halide"
    assert alerts(Chem.MolFromSmiles("CCO")) == ""


def test_a_sulfoxide_is_no_charged_atom() -> None:
    assert alerts(Chem.MolFromSmiles("CC[S+](C)[O-]")) == alerts(Chem.MolFromSmiles("CCS(C)=O"))
    assert "charged" not in alerts(Chem.MolFromSmiles("CC[S+](C)[O-]"))
