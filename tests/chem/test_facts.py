"""Facts against the plain calls of RDKit that they stand for, and published values."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import QED, Crippen, Descriptors, rdMolDescriptors

from molsearch.chem import facts
from molsearch.chem.alerts import alerts
from molsearch.chem.cns import base_pka, cns_mpo
from molsearch.chem.facts import FACTS, PREPARED, compute, fact_names, facts_of
from molsearch.chem.open_stereo import n_unspecified_stereo
from molsearch.chem.scaffold import scaffold
from molsearch.errors import UsageError
from molsearch.schema import PROPERTIES, STORED_FACTS

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
PACLITAXEL = (
    "CC1=C2[C@@]([C@]([C@H]([C@@H]3[C@]4([C@H](OC4)C[C@@H]([C@]3(C(=O)[C@@H]2OC(=O)C)C)O)"
    "OC(=O)C)OC(=O)c2ccccc2)(C[C@@H]1OC(=O)[C@H](O)[C@@H](NC(=O)c1ccccc1)c1ccccc1)O)(C)C"
)
DRUGS = Path(__file__).parents[2] / "datasets" / "example" / "drugs.csv"


def drugs(step: int) -> list[str]:
    with DRUGS.open() as handle:
        return [Chem.CanonSmiles(row["smiles"]) for row in csv.DictReader(handle)][::step]


def naive(mol: Chem.Mol) -> dict[str, object]:
    return {
        "inchikey": Chem.MolToInchiKey(mol),
        "scaffold": scaffold(mol),
        "alerts": alerts(mol),
        "n_unspecified_stereo": n_unspecified_stereo(mol),
        "mw": round(Descriptors.MolWt(mol), 2),
        "clogp": round(Crippen.MolLogP(mol), 3),
        "tpsa": round(rdMolDescriptors.CalcTPSA(mol), 2),
        "hbd": rdMolDescriptors.CalcNumHBD(mol),
        "hba": rdMolDescriptors.CalcNumHBA(mol),
        "rotatable_bonds": rdMolDescriptors.CalcNumRotatableBonds(mol),
        "heavy_atoms": mol.GetNumHeavyAtoms(),
        "formal_charge": Chem.GetFormalCharge(mol),
    }


def test_the_stored_facts_are_what_a_plain_reading_gives() -> None:
    smiles = [*drugs(6), "C[S+](C)CC", "[2H]C([2H])([2H])Oc1ccccc1", "C[N+](C)(C)CC(=O)[O-]"]
    found = compute(smiles, STORED_FACTS)
    for row, one in enumerate(smiles):
        expected = naive(Chem.MolFromSmiles(one))
        assert {name: found.columns[name][row] for name in STORED_FACTS} == expected
    assert set(found.reasons) == {""}


def test_aspirin() -> None:
    found = facts_of(Chem.MolFromSmiles(ASPIRIN), [*PROPERTIES, "rings", "aromatic_rings", "fsp3"])
    assert found == {
        "mw": 180.16,
        "clogp": 1.310,
        "tpsa": 63.6,
        "hbd": 1,
        "hba": 3,
        "rotatable_bonds": 2,
        "heavy_atoms": 13,
        "formal_charge": 0,
        "rings": 1,
        "aromatic_rings": 1,
        "fsp3": 0.111,
    }


def test_qed_is_rdkits() -> None:
    for smiles in drugs(40):
        mol = Chem.MolFromSmiles(smiles)
        assert facts_of(mol, ["qed"])["qed"] == round(QED.qed(mol), 3)


def test_deuterium_is_not_a_heavy_atom() -> None:
    mol = Chem.MolFromSmiles("[2H]C([2H])([2H])O")
    assert facts_of(mol, ["heavy_atoms"])["heavy_atoms"] == 2


@pytest.mark.parametrize(
    ("fact", "smiles", "violations"),
    [
        ("lipinski_violations", ASPIRIN, 0),
        # Paclitaxel: heavy, and 15 N and O; log P and donors are within.
        (
            "lipinski_violations",
            PACLITAXEL,
            2,
        ),
        ("lipinski_violations", "C" * 40, 2),
        ("veber_violations", "C" * 14, 1),
        ("veber_violations", ASPIRIN, 0),
        ("lead_violations", ASPIRIN, 1),
        ("lead_violations", "COc1ccccc1C(=O)NCCc1ccccc1", 0),
        ("fragment_violations", ASPIRIN, 0),
        ("fragment_violations", "OCC(O)C(O)C(O)C(O)CO", 2),
    ],
)
def test_rules(fact: str, smiles: str, violations: int) -> None:
    assert compute([smiles], [fact]).columns[fact] == [violations]


@pytest.mark.parametrize(
    ("smiles", "pka"),
    [
        (ASPIRIN, 0.0),
        ("CC(=O)Nc1ccccc1", 0.0),
        ("CN(C)C(=N)NC(=N)N", 13.0),
        ("CNCCC(Oc1ccc(C(F)(F)F)cc1)c1ccccc1", 9.3),
        ("COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1", 7.4),
        ("Nc1ccccc1", 4.6),
        ("c1ccncc1", 5.2),
        ("CS(=O)(=O)NCC", 0.0),
    ],
)
def test_bases_are_told_by_class(smiles: str, pka: float) -> None:
    assert base_pka(Chem.MolFromSmiles(smiles)) == pka


def test_cns_mpo_adds_six_desirabilities() -> None:
    mol = Chem.MolFromSmiles("CNCCC(Oc1ccc(C(F)(F)F)cc1)c1ccccc1")  # fluoxetine
    log_p, tpsa = Crippen.MolLogP(mol), rdMolDescriptors.CalcTPSA(mol)
    log_d = log_p - math.log10(1 + 10**1.9)
    surface = (tpsa - 20) / 20
    expected = (5 - log_p) / 2 + (4 - log_d) / 2 + 1 + surface + 2.5 / 3 + (10 - 9.3) / 2
    assert 0 < surface < 1
    assert cns_mpo(mol) == pytest.approx(expected)
    for smiles in drugs(20):
        assert 0 <= cns_mpo(Chem.MolFromSmiles(smiles)) <= 6


def test_a_fact_that_fails_is_none_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(mol: Chem.Mol) -> float:
        raise RuntimeError("no such table\nat line 5")

    broken = facts.Fact("qed", float, fail, "QED", digits=3)
    monkeypatch.setitem(facts.FACTS, "qed", broken)
    found = compute(["CCO", "not a SMILES"], ["qed", "hbd"])
    assert found.columns == {"qed": [None, None], "hbd": [1, None]}
    assert found.reasons[0] == "qed: no such table"
    assert found.reasons[1].count("cannot read") == 2


def test_names_of_facts() -> None:
    assert fact_names(["qed, mw", "alerts"]) == ("alerts", "mw", "qed")
    assert fact_names(["all"]) == tuple(FACTS)
    with pytest.raises(UsageError, match=r"no fact 'qde'; there are .*qed"):
        fact_names(["qde"])


def test_every_fact_is_declared_whole() -> None:
    assert {*STORED_FACTS, "qed", "fsp3", "cns_mpo"} <= set(FACTS)
    assert set(PREPARED) < set(STORED_FACTS)
    for name, fact in FACTS.items():
        assert fact.name == name
        assert fact.label
        assert fact.source
        assert (fact.digits is not None) == (fact.kind is float)
        assert isinstance(facts_of(Chem.MolFromSmiles(ASPIRIN), [name])[name], fact.kind)
