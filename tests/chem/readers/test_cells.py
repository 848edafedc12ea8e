from __future__ import annotations

import pytest

from molsearch.chem.readers.cells import structure_error, structure_row, table_row
from molsearch.chem.readers.columns import Columns
from molsearch.config import ReadConfig

INCHI = "InChI=1S/CH4/h1H4"


@pytest.mark.parametrize("cell", ["CCO", "C[C@H](N)O |&1:1|", "CO |$a b;;$|", INCHI, "[OH-].[Na+]"])
def test_whole_cells_are_structures(cell: str) -> None:
    assert structure_error(cell, 100) == ""


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "no SMILES"),
        ("C" * 101, "101 characters"),
        ("CC\x00O", "control characters"),
        ("CCOC(=O) c1ccccc1", "more than a structure: 'c1ccccc1' follows"),
        ("CCO |$a", "more than a structure"),
        ("CCO |", "more than a structure"),
        ("CCO |&1:1| name", "more than a structure"),
        (f"{INCHI} x", "more than a structure"),
        ("[C][=C][Ring1][C]", "SELFIES"),
    ],
)
def test_cells_that_are_not(cell: str, reason: str) -> None:
    assert reason in structure_error(cell, 100)


def test_an_inchi_stays_among_the_users_columns() -> None:
    row = structure_row(3, "a", f" {INCHI} ", {"x": "1"}, 100, "InChI")
    assert (row.smiles, dict(row.extra), row.error) == (INCHI, {"InChI": INCHI, "x": "1"}, "")
    assert dict(structure_row(3, "a", "C", {"x": "1"}, 100, "SMILES").extra) == {"x": "1"}


def test_typed_cells() -> None:
    columns = Columns(("x", "smiles", "id", "y"), 1, 2)
    row = table_row(1, [None, "CCO", 7.0], columns, ReadConfig())
    assert (row.molecule_id, row.smiles, dict(row.extra)) == ("7", "CCO", {})  # null is no text
