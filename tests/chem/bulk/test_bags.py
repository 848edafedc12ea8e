"""Substructures of many molecules at once are RDKit's of each, bit for bit, either way."""

from __future__ import annotations

import csv

import pytest
from bags import ARRAYS, BUCKETS, EXAMPLE, LOOPS, Way
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molsearch.chem.counters import Buckets

KINDS = [
    BUCKETS, Buckets(997), Buckets(997, 499, 0), Buckets(997, 0, 251), Buckets(65, 64, 1),
    Buckets(997, 499, 251, 101, 97, 89), Buckets(997, class_pairs=97),
]  # fmt: skip

pytestmark = pytest.mark.parametrize("way", [ARRAYS, LOOPS], ids=["arrays", "loops"])


@pytest.mark.parametrize("buckets", KINDS)
def test_the_example_library(way: Way, buckets: Buckets) -> None:
    with (EXAMPLE / "library.csv").open() as handle:
        smiles = [row["smiles"] for row in csv.DictReader(handle)][
            :: 1 if buckets is BUCKETS else 9
        ]
    assert way.check(smiles, buckets) > 0.9 * len(smiles)


def test_other_spellings_of_the_same_molecules(way: Way) -> None:
    with (EXAMPLE / "drugs.csv").open() as handle:
        mols = [Chem.MolFromSmiles(row["smiles"]) for row in csv.DictReader(handle)]
    random = [Chem.MolToSmiles(mol, doRandom=True) for mol in mols]
    kekule = [Chem.MolToSmiles(mol, kekuleSmiles=True) for mol in mols]
    assert way.check([*random, *kekule], BUCKETS) > 0.8 * 2 * len(mols)


@pytest.mark.parametrize(
    "smiles",
    [
        # Rings of three, whose torsions depend on the order of atoms; stars; chains; most atoms.
        *("C1CC1CCN", "NC1CC1(C)C2CO2", "C12CC1C2CCCC", "CC(C)(C)CN", "CC(C)(C)C", "CCCCC"),
        *("C" * 64, "C1" + "C" * 62 + "1", "CP(C)(C)=O", "FS(F)(F)(F)(F)c1ccccc1", "CN=S=O"),
        *("C" * 40, "CS(=O)(=O)c1ccccc1"),
        # Hydrogens and pi electrons that bonds alone do not tell; text that is not read here.
        *("CC(=S)NC", "C[C@H]=CCC", "c1cc[nH]c1CC", "O=c1[nH]cccc1", "CB1OC(C)(C)C(C)(C)O1"),
        *("CI(=O)=O", "CCOP(=O)(OCC)OCC", "C=C=CCC", "CC#CC#N", "CN=NN=NC", "CCCN=N#N"),
        *("CP1C=CC=C1C", "C1=CPC=C1CC", "CB1C=CC=CC1", "CSSCC", "CP(C)CC", "CCP(Cl)(Cl)(Cl)Cl"),
        *("O=c1cccccc1C", "c1ccc2c(c1)-c1ccccc1C2", "c1ccc2cc3ccccc3cc2c1", "c1cnc2ncnc2n1C"),
        *("CC1=CC=CC=CC=C1", "C1=CC2=CC=CC2=C1CC", "CN1C=CC=C1", "CC1=CN=CO1", "CS1=CC=CC=C1"),
        # Stereo: centres, double bonds, centres without a name, marks that say nothing.
        *("C[C@H](N)C(=O)O", "C[C@@]1(F)CC[C@@](C)(Cl)CC1", "C/C=C/C=C\\C", "CC(=O)/N=C/c1ccccc1"),
        *("OC1C[C@H]2CC[C@@H]1C2", "C[C@H]1CC[C@@H](C)CC1", "C/C(C)=C/CC", "C[C@](C)(C)CN"),
        *("CS(=O)(=O)[NH]c1ccccc1", "C[NH]/C(=N/C)NC", "[NH]=C(N)CCC", "CCCCC[NH]", "C1CC1[NH]CC"),
        *("C[C@H](Br)[C@@H](Br)C", "[O-][N+](=O)c1ccc(Cl)cc1", "CCN(C)N(=O)=O", "BrCCI"),
        *("Cl/C=C/C1CC1", "C/C=C1/CC[C@H](Cl)C1", "Br/C(Cl)=C(/Br)Cl", "C[C@H]1C[C@@H]1/C=C/Cl"),
    ],
)
def test_molecules_that_are_out_of_the_ordinary(way: Way, smiles: str) -> None:
    assert way.check([smiles, "CCCCCO", smiles], BUCKETS) in {1, 3}


_TOKENS = [
    *"CCCNOScno123456=#()FI",
    *("Cl", "Br", "[nH]", "[NH]", "[C@H]", "[C@@H]", "[C@]", "/", "\\", "S(=O)(=O)"),
    *("C1CC1", "c1ccccc1", "[N+](=O)[O-]", "P", "B"),
]


@settings(max_examples=400, deadline=None)
@given(texts=st.lists(st.lists(st.sampled_from(_TOKENS), max_size=14).map("".join), max_size=6))
@example(texts=["C1CC1C2CC2", "CCCCC"])
def test_any_texts(way: Way, texts: list[str]) -> None:
    way.check(texts, BUCKETS)


def test_molecules_do_not_see_one_another(way: Way) -> None:
    texts = ["CCCCCO", "C[C@H](N)CC(=O)O", "CCP1C=CC=C1", "c1ccccc1C1CC1", "CCS(=O)(=O)CC"]
    found = [one for one in map(way.usual, texts) if one is not None]
    together = way.substructures(found, BUCKETS)
    alone = [way.substructures([one], BUCKETS) for one in found]
    assert together.ecfp4 == [one.ecfp4[0] for one in alone]
    assert together.bags == [one.bags[0] for one in alone if one.bags]


def test_no_bags_without_buckets(way: Way) -> None:
    one = way.usual("CCCCCO")
    assert one is not None
    assert way.substructures([one], None).bags is None
