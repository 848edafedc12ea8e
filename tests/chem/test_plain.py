"""The short way gives what the long way gives, molecule by molecule."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molsearch.chem.facts import PREPARED
from molsearch.chem.fingerprints import ecfp4
from molsearch.chem.parse import parse
from molsearch.chem.plain import is_plain, plain_parent
from molsearch.chem.prepare import prepare_record
from molsearch.chem.standardize import canonical_parent, parent_of
from molsearch.config import PrepareConfig
from molsearch.schema import STORED_FACTS, Failure, Prepared, Record

EXAMPLE = Path(__file__).parents[2] / "datasets" / "example"
FLAT = PrepareConfig(n_conformers=0)


def example(name: str, step: int) -> list[str]:
    with (EXAMPLE / name).open() as handle:
        return [row["smiles"] for row in csv.DictReader(handle)][::step]


def record(smiles: str) -> Record:
    return Record(1, "lib.smi", 1, "m", smiles=smiles)


def long_way(smiles: str) -> tuple[str, bytes, int] | None:
    """Parent, fingerprint and atoms; None for what cannot be used."""
    try:
        parent_smiles, mol, _ = canonical_parent(parent_of(parse(record(smiles)), 300))
    except ValueError:
        return None
    return parent_smiles, ecfp4(mol), mol.GetNumAtoms()


def as_prepared(smiles: str) -> tuple[str, bytes, int] | None:
    found = prepare_record(record(smiles), FLAT, PREPARED)
    if isinstance(found, Failure):
        return None
    return found.parent_smiles, found.ecfp4, found.n_atoms


RUN = set("-=#/\\()0123456789%BCNOPSFIbcnopslr")
TOKENS = ("[nH]", "[NH]", "[C@H]", "[C@@H]", "[C@]", "[C@@]", "[N+](=O)[O-]", "[O-][N+](=O)")


def naively_plain(text: str) -> bool:
    """Read from the left, one atom in brackets or one letter after the other."""
    at = 0
    while at < len(text):
        rest = text[at:]
        token = next((one for one in TOKENS if rest.startswith(one)), "")
        if rest.startswith("[N+]([O-])") and (text[:at].endswith("O=") or rest[10:12] == "=O"):
            token = "[N+]([O-])"
        if not token and rest[0] not in RUN:
            return False
        at += len(token) or 1
    return "c" in text or "C" in text.replace("Cl", "")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([*TOKENS, "[N+]([O-])", "=O", "O=", "C", "Cl", "c1", "[Na+]", "."]))
)
def test_what_is_plain_is_told_as_by_reading_from_the_left(parts: list[str]) -> None:
    text = "".join(parts)
    assert is_plain(record(text)) == naively_plain(text)


def spellings(smiles: str) -> list[str]:
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        return [smiles]
    return [
        smiles,
        Chem.MolToSmiles(mol, doRandom=True),
        Chem.MolToSmiles(mol, kekuleSmiles=True),
        Chem.MolToSmiles(mol, allHsExplicit=True),
        f"{smiles}.Cl",
    ]


@pytest.mark.parametrize("name", ["drugs.csv", "library.csv"])
def test_prepared_molecules_are_those_of_the_long_way(name: str) -> None:
    short = 0
    for one in example(name, 40 if name == "library.csv" else 20):
        for smiles in spellings(one):
            assert as_prepared(smiles) == long_way(smiles), smiles
            short += plain_parent(record(smiles), 300) is not None
    assert short > 60


@pytest.mark.parametrize(
    "smiles",
    [
        *("CC(=O)[O-].[Na+]", "C[N+](C)(C)C", "CS(C)=O", "C[2H]", "[13CH4]", "C*", "CCCCO~C"),
        *("O=C=O", "C#N", "CC>>CC", "OB(O)c1ccccc1.O", "[Fe]", "", "ClCl", "N#N", "c1ccccc"),
        *("CCCCC |$a$|", "[H]C([H])([H])CCCC", "C1CC", "Cr", "CCCCCl r"),
        *("CCC(C)(C)(C)C", "c1cccc1CC", "CCCOO(C)C"),
    ],
)
def test_what_needs_a_look_takes_the_long_way(smiles: str) -> None:
    assert plain_parent(record(smiles), 300) is None


NITRO = ("[N+](=O)[O-]", "[N+]([O-])=O", "N(=O)=O")


@pytest.mark.parametrize("nitro", NITRO)
@pytest.mark.parametrize("frame", ["c1ccccc1{}", "CCN(C){}", "CCO{}", "CC(=N/N{})N", "C[S@]=O{}"])
def test_nitro_groups_are_left_as_they_stand(frame: str, nitro: str) -> None:
    smiles = frame.format(nitro)
    assert as_prepared(smiles) == long_way(smiles)
    assert plain_parent(record("[O-][N+](=O)c1ccccc1" + nitro), 300) is not None


@pytest.mark.parametrize(
    "smiles",
    ["c1cc[n+]([O-])cc1", "CC[N+](=O)[O-].C", "C[N+](=O)([O-])CCC", "CCCC[N+](C)(=O)[O-]"],
)
def test_other_charges_take_the_long_way(smiles: str) -> None:
    assert plain_parent(record(smiles), 300) is None


def test_stereo_is_not_looked_for_where_none_is_marked() -> None:
    for one in ["CC(O)C(N)C=CC(F)Cl", "OC1CCC(CC1)C=NO", *example("library.csv", 60)]:
        if "@" in one or "/" in one or (mol := plain_parent(record(one), 300)) is None:
            continue
        assert not any(atom.HasProp("_CIPRank") for atom in mol.GetAtoms())  # the costly part
        assert Chem.MolToSmiles(mol) == Chem.CanonSmiles(one)
        assert Chem.FindMolChiralCenters(mol) == []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*NITRO, "[O-][N+](=O)", *"CcNnOS()=1"]), max_size=9))
def test_no_text_with_nitro_groups_fares_otherwise(tokens: list[str]) -> None:
    smiles = "".join(tokens)
    assert as_prepared(smiles) == long_way(smiles)


def test_too_large_is_said_as_on_the_long_way() -> None:
    config = PrepareConfig(n_conformers=0, max_heavy_atoms=6)
    short = prepare_record(record("CCCCCCC"), config)
    long = prepare_record(record("CCCCCC[CH3]"), config)
    assert isinstance(short, Failure)
    assert isinstance(long, Failure)
    assert (short.stage, short.reason) == (long.stage, long.reason)


@settings(max_examples=300, deadline=None)
@given(st.text("CNOSFclnosr()=#123456789@H[]/\\%+-.", max_size=12))
def test_no_text_fares_otherwise_than_on_the_long_way(smiles: str) -> None:
    assert as_prepared(smiles) == long_way(smiles)


def test_a_library_molecule_leaves_dear_facts_for_later() -> None:
    found = prepare_record(record("CCO"), FLAT, PREPARED)
    assert isinstance(found, Prepared)
    known = {name for name in STORED_FACTS if getattr(found, name) is not None}
    assert known == set(PREPARED)
