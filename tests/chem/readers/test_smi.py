from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.chem.readers.rows import TooLong
from molsearch.chem.readers.smi import read_smi
from molsearch.config import ReadConfig

CONFIG = ReadConfig()


@pytest.mark.parametrize(
    ("line", "smiles", "molecule_id"),
    [
        ("CCO", "CCO", ""),
        ("CCO a", "CCO", "a"),
        ("CCO\tname with  spaces ", "CCO", "name with  spaces "),
        ("  CCO   a\r", "CCO", "a"),
        ("CCO |$a b;;$| x y", "CCO |$a b;;$|", "x y"),
        ("CCO\t|$a;;$|", "CCO |$a;;$|", ""),
        ("CCO |not closed", "CCO", "|not closed"),
        ("CCO |x|y", "CCO", "|x|y"),
        ("CCO =cmd|' /C calc'!A0", "CCO", "=cmd|' /C calc'!A0"),
        ("CCO ../../etc/passwd", "CCO", "../../etc/passwd"),
    ],
)
def test_lines(line: str, smiles: str, molecule_id: str) -> None:
    (row,) = read_smi(iter([line]), False, CONFIG)
    assert (row.smiles, row.molecule_id, row.error) == (smiles, molecule_id, "")


def test_row_numbers_are_physical_and_blank_lines_no_records() -> None:
    rows = list(read_smi(iter(["", "smiles id", "", " \r", "CCO a", "", "CCN b"]), True, CONFIG))
    assert [(row.row, row.molecule_id) for row in rows] == [(5, "a"), (7, "b")]


def test_long_lines_are_errors_and_the_next_is_read() -> None:
    lines = [TooLong("CCC", 99), "C" * 2001 + " x", "C" * 2000 + " y"]
    rows = list(read_smi(iter(lines), False, CONFIG))
    assert "99 bytes" in rows[0].error
    assert "2,001 characters" in rows[1].error
    assert rows[1].molecule_id == "x"
    assert len(rows[1].smiles) == 500
    assert (rows[2].error, len(rows[2].smiles)) == ("", 2000)


ids = st.text(st.characters(exclude_characters="\n\r", exclude_categories=("Cs",))).filter(
    lambda text: not text[:1].isspace() and not text.startswith("|")
)


@given(st.lists(st.tuples(st.sampled_from(["CCO", "C", "[Na+].[Cl-]"]), ids)))
def test_round_trip(pairs: list[tuple[str, str]]) -> None:
    rows = list(read_smi((f"{smiles} {name}" for smiles, name in pairs), False, CONFIG))
    assert [(row.smiles, row.molecule_id) for row in rows] == pairs
