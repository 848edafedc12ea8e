"""The example library: every drug is what its name says, and the script makes the file again."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors
from rdkit.Chem.rdMolDescriptors import CalcMolFormula
from scripts import script

EXAMPLE = Path(__file__).parents[2] / "datasets" / "example"


def rows_of(name: str) -> list[dict[str, str]]:
    with (EXAMPLE / name).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def skeleton(smiles: str) -> str:
    """First block of the InChIKey of the largest fragment."""
    mol = max(
        Chem.GetMolFrags(Chem.MolFromSmiles(smiles), asMols=True),
        key=lambda fragment: fragment.GetNumHeavyAtoms(),
    )
    return Chem.MolToInchiKey(mol)[:14]


def formula(smiles: str) -> str:
    mol = Chem.MolFromSmiles(smiles)
    return CalcMolFormula(mol) if mol is not None else "unreadable"


@pytest.fixture(scope="module")
def make() -> ModuleType:
    return script("datasets", "example", "make.py")


DRUGS = rows_of("drugs.csv")
LIBRARY = rows_of("library.csv")


def test_every_structure_gives_the_known_formula() -> None:
    found = {drug["name"]: formula(drug["smiles"]) for drug in DRUGS}
    assert found == {drug["name"]: drug["formula"] for drug in DRUGS}


# InChIKeys of drugs whose stereochemistry is easily written wrongly.
KNOWN_KEYS = {
    "dexamethasone": "UREBDLICKHMUKA-CXSFZGCWSA-N",
    "betamethasone": "UREBDLICKHMUKA-DVTGEIKXSA-N",
    "amoxicillin": "LSQZJLSUYDQPKJ-NJBDSQKTSA-N",
    "cloxacillin": "LQOLIRLGBULYKD-JKIFEVAISA-N",
    "ribavirin": "IWUCXVSUMQZMFG-AFCXAGJDSA-N",
    "voriconazole": "BCEHBSKCWLPMDN-MGPLVRAMSA-N",
    "huperzine A": "ZRJBHWIHUMBLCN-YQEJDHNASA-N",
    "tropisetron": "ZNRGQMMCGHDTEI-ITGUQSILSA-N",
    "afimoxifene": "TXUZVZSFRXZGTL-QPLCGJKRSA-N",
    "nadolol": "VWPOSFSPZNDTMJ-UCWKZMIHSA-N",
}


@pytest.mark.parametrize(("name", "key"), KNOWN_KEYS.items())
def test_stereochemistry_of_known_drugs(name: str, key: str) -> None:
    (drug,) = [drug for drug in DRUGS if drug["name"] == name]
    assert Chem.MolToInchiKey(Chem.MolFromSmiles(drug["smiles"])) == key


def test_drugs_are_distinct_and_fall_into_classes() -> None:
    keys = [Chem.MolToInchiKey(Chem.MolFromSmiles(drug["smiles"])) for drug in DRUGS]
    assert len(set(keys)) == len(keys) >= 350
    assert len({drug["name"] for drug in DRUGS}) == len(DRUGS)
    classes = Counter(drug["drug_class"] for drug in DRUGS)
    assert sum(n >= 8 for n in classes.values()) >= 10
    assert min(classes.values()) >= 2


def test_library_holds_every_drug_once_and_nothing_else_by_their_names() -> None:
    listed = {row["name"]: row for row in LIBRARY if row["origin"] == "known drug"}
    assert set(listed) == {drug["name"] for drug in DRUGS}
    for drug in DRUGS:
        assert skeleton(listed[drug["name"]]["smiles"]) == skeleton(drug["smiles"])
        assert listed[drug["name"]]["drug_class"] == drug["drug_class"]


def test_enumerated_molecules_are_distinct_drug_like_and_no_drug() -> None:
    enumerated = [row for row in LIBRARY if row["origin"].startswith("enumerated")]
    skeletons = [skeleton(row["smiles"]) for row in enumerated]
    assert len(set(skeletons)) == len(skeletons) == 2000
    assert not set(skeletons) & {skeleton(drug["smiles"]) for drug in DRUGS}
    weights = [Descriptors.MolWt(Chem.MolFromSmiles(row["smiles"])) for row in enumerated]
    assert min(weights) >= 200
    assert max(weights) <= 500


def test_rows_unreadable_on_purpose() -> None:
    bad = [row for row in LIBRARY if row["origin"].endswith("on purpose")]
    assert len(bad) == 3
    assert all(not row["smiles"] or Chem.MolFromSmiles(row["smiles"]) is None for row in bad)


def test_queries_are_drugs_of_large_enough_classes() -> None:
    known = {drug["name"]: drug for drug in DRUGS}
    classes = Counter(drug["drug_class"] for drug in DRUGS)
    queries = rows_of("queries.csv")
    assert len({query["drug_class"] for query in queries}) == len(queries) >= 5
    for query in queries:
        assert query["drug_class"] == known[query["name"]]["drug_class"]
        assert skeleton(query["smiles"]) == skeleton(known[query["name"]]["smiles"])
        assert classes[query["drug_class"]] >= 8


def test_script_makes_the_same_library(make: ModuleType) -> None:
    again = make.build()
    assert [row["molecule_id"] for row in again] == [row["molecule_id"] for row in LIBRARY]
    different = [
        (new["smiles"], old["smiles"])
        for new, old in zip(again, LIBRARY, strict=True)
        if new != old and (not old["smiles"] or skeleton(new["smiles"]) != skeleton(old["smiles"]))
    ]
    assert not different


def test_another_seed_draws_other_molecules(make: ModuleType) -> None:
    one = {smiles for smiles, _ in make.enumerate_library(40, set(), seed=1)}
    two = {smiles for smiles, _ in make.enumerate_library(40, set(), seed=2)}
    assert len(one) == len(two) == 40
    assert one != two


def test_ambiguous_reaction_gives_no_product(make: ModuleType) -> None:
    two_amines = Chem.MolFromSmiles("NCC1CCNCC1")
    assert make.react("amide", Chem.MolFromSmiles("OC(=O)c1ccccc1"), two_amines) is None


def test_pyrazole_has_the_aryl_groups_of_celecoxib_side_by_side(make: ModuleType) -> None:
    made = make.react(
        "pyrazole",
        Chem.MolFromSmiles("NNc1ccc(S(N)(=O)=O)cc1"),
        Chem.MolFromSmiles("O=C(CC(=O)C(F)(F)F)c1ccc(C)cc1"),
    )
    (celecoxib,) = [drug for drug in DRUGS if drug["name"] == "celecoxib"]
    assert Chem.MolToSmiles(made) == celecoxib["smiles"]


def test_development_screens_are_whole_classes_and_repeat() -> None:
    module = script("datasets", "example", "development.py")
    rows = rows_of("development.csv")
    made = [dict(zip(module.COLUMNS, map(str, row), strict=True)) for row in module.screens()]
    assert made == rows
    drugs = {row["smiles"]: row["drug_class"] for row in rows_of("drugs.csv")}
    for name in module.CLASSES:
        screen = [row for row in rows if row["target"] == name]
        actives = {row["smiles"] for row in screen if row["label"] == "active"}
        assert actives == {smiles for smiles, of in drugs.items() if of == name}
        assert sum(row["is_query"] == "True" for row in screen) == module.N_QUERIES
        decoys = [row["smiles"] for row in screen if row["label"] == "decoy"]
        assert len(decoys) == module.N_DECOYS
        assert not actives & set(decoys)
