"""A block of records becomes what its records become one by one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from rdkit import Chem

from molsearch import schema
from molsearch.chem.block import prepare_block
from molsearch.chem.columns import block_of
from molsearch.chem.counters import Buckets
from molsearch.chem.facts import PREPARED
from molsearch.chem.prepare import prepare_record
from molsearch.config import PrepareConfig
from molsearch.schema import Record

EXAMPLE = Path(__file__).parents[2] / "datasets" / "example"
FLAT = PrepareConfig(n_conformers=0, max_heavy_atoms=45)
BLOCK = "\n".join(["", "  x", "", "  1  0  0  0  0  0  0  0  0  0999 V2000"])
SEEN = (16_381, 8_192, 16_384)
ODD = [
    Record(1, "a", 1, "salt", "CC(=O)[O-].[Na+]", extra={"IC50 (µM)": "1,5", "x": ""}),
    Record(2, "a", 2, "plain", "CCCCCO", extra={"IC50 (µM)": "2"}),
    Record(3, "a", 3, "not one", "C1CC"),
    Record(4, "a", 4, "unread", error="no structure"),
    Record(5, "b", 1, "large", "C" * 46),
    Record(6, "b", 2, "large ring", "C1" + "C" * 43 + "1"),
    Record(7, "b", 3, "block", molblock=BLOCK),
    Record(8, "b", 4, "inchi", "InChI=1S/C3H8O/c1-2-3-4/h4H,2-3H2,1H3"),
    Record(9, "b", 5, "dummy", "*CCCCC"),
    Record(10, "b", 6, "charged", "C[N+](C)(C)CCO"),
    Record(11, "b", 7, "small", "CO"),
    Record(12, "b", 8, "stereo", "C/C=C/[C@H](N)C(=O)O"),
    Record(13, "b", 9, "hydrogen", "CS(=O)(=O)[NH]c1ccccc1"),
    Record(14, "b", 10, "radical", "CCCCC[NH]"),
    Record(15, "b", 11, "imine", "[NH]=C(/C=C/[C@H](F)Cl)[NH]C"),
]


def check(records: list[Record], buckets: tuple[int, int, int] | None) -> None:
    hashes = None if buckets is None else Buckets(*buckets)
    due = block_of(prepare_record(record, FLAT, PREPARED, hashes) for record in records)
    for compiled in (False, True):
        found = prepare_block(records, FLAT, buckets, compiled=compiled)
        assert found.n_in == due.n_in == len(records)
        assert found.failures == due.failures
        assert found.columns == due.columns


@pytest.mark.parametrize("buckets", [None, SEEN, (997, 0, 0)])
def test_records_of_every_kind(buckets: tuple[int, int, int] | None) -> None:
    check(ODD, buckets)
    check(ODD[::-1], buckets)


@pytest.mark.parametrize("few", [[], ODD[2:5], ODD[:1], ODD[1:2]])
def test_blocks_of_one_kind_alone(few: list[Record]) -> None:
    check(few, SEEN)


def test_the_example_library() -> None:
    with (EXAMPLE / "library.csv").open() as handle:
        rows = list(csv.DictReader(handle))[::3]
    check(
        [Record(i, "l", i, f"m{i}", row["smiles"], extra=row) for i, row in enumerate(rows)], SEEN
    )


def test_more_atoms_than_a_word_has_bits() -> None:
    config = PrepareConfig(n_conformers=0)
    record = Record(1, "a", 1, "m", "NCC" + "C1CC1" * 20)
    due = block_of([prepare_record(record, config, PREPARED, Buckets(*SEEN))])
    for compiled in (False, True):
        assert prepare_block([record], config, SEEN, compiled=compiled).columns == due.columns


def test_a_text_that_loops_do_not_read_among_others() -> None:
    texts = ["CCCCCO", "CP1C=CC=C1CC", "C1=CPC=C1CC", "C[C@H](N)C(=O)O"]
    check([Record(i, "a", i, f"m{i}", text) for i, text in enumerate(texts)], SEEN)


def test_another_perception_of_stereo_goes_one_by_one() -> None:
    Chem.SetUseLegacyStereoPerception(False)
    try:
        check(ODD, SEEN)
    finally:
        Chem.SetUseLegacyStereoPerception(True)


def test_user_columns_are_one_object_a_molecule() -> None:
    found = prepare_block(ODD[:2], FLAT)
    assert found.columns[schema.USER] == ['{"IC50 (µM)": "1,5", "x": ""}', '{"IC50 (µM)": "2"}']
    assert found.columns[schema.MOLECULE_ID] == ["salt", "plain"]
