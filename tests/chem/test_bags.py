"""Many bags at once are the bags of one molecule after the other."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from rdkit import Chem, rdBase

from molsearch.chem.bags import packed_bags
from molsearch.chem.counters import Buckets
from molsearch.chem.features import packed_bag

EXAMPLE = Path(__file__).parents[2] / "datasets" / "example"
SEEN = Buckets(16_381, 8_192, 16_384)
FURTHER = Buckets(997, 0, 0, 512, 512, 512)
#: Not read; not plain; of many atoms; rings of three, canonical and not; and stereo.
ODD = [
    "C1CC",
    "",
    "CC(=O)[O-].[Na+]",
    "C" * 300,
    "CO",
    "C1CC1C(=O)NCC1CO1",
    "O=C(NCC1CO1)C1CC1",
    "CCCCC[NH]",
    "[NH]=C(/C=C/[C@H](F)Cl)[NH]C",
    "C/C=C/[C@H](N)C(=O)O",
    "[2H]CCCCCO",
    "Cc1ccc(S(=O)C)cc1",
]


def one_by_one(smiles: list[str], buckets: Buckets) -> list[bytes | None]:
    with rdBase.BlockLogs():
        mols = [Chem.MolFromSmiles(text) for text in smiles]
        return [mol if mol is None else packed_bag(mol, buckets) for mol in mols]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("buckets", [SEEN, FURTHER])
def test_odd_molecules(buckets: Buckets, compiled: bool) -> None:
    with rdBase.BlockLogs():
        assert packed_bags(ODD, buckets, compiled=compiled) == one_by_one(ODD, buckets)
        assert packed_bags(ODD[:3], buckets, compiled=compiled) == one_by_one(ODD[:3], buckets)
    assert packed_bags([], buckets, compiled=compiled) == []


@pytest.mark.parametrize("compiled", [False, True])
def test_a_library_as_its_vendor_wrote_it(compiled: bool) -> None:
    with (EXAMPLE / "library.csv").open(newline="", encoding="utf-8") as file:
        smiles = [row["smiles"] for row in csv.DictReader(file)][:600]
    assert len(smiles) == 600
    with rdBase.BlockLogs():
        assert packed_bags(smiles, SEEN, compiled=compiled) == one_by_one(smiles, SEEN)


def test_the_other_perception_of_stereo() -> None:
    Chem.SetUseLegacyStereoPerception(False)
    try:
        assert packed_bags(ODD[9:10], SEEN) == one_by_one(ODD[9:10], SEEN)
    finally:
        Chem.SetUseLegacyStereoPerception(True)
