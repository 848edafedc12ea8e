from __future__ import annotations

import pytest

from molsearch.chem.readers.rows import Row
from molsearch.chem.readers.text import read_smi_text, read_table_text
from molsearch.config import ReadConfig
from molsearch.schema import Reading


def read(text: str, table: bool = True, **options: str) -> tuple[list[Row], list[Reading]]:
    readings: list[Reading] = []
    reader = read_table_text if table else read_smi_text
    rows = list(reader(iter([text.encode()]), ReadConfig(**options), "x", readings.append))
    return rows, readings


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;\r", "sep=;;;"])
@pytest.mark.parametrize("table", [True, False])
def test_the_line_by_which_excel_names_the_delimiter(first: str, table: bool) -> None:
    rows, _ = read(f"{first}\nid;smiles;note\nm1;CCO;a,b\nm2;CCN;c", table)
    assert [(row.row, row.molecule_id, row.smiles) for row in rows] == [
        (3, "m1", "CCO"),
        (4, "m2", "CCN"),
    ]
    assert dict(rows[0].extra) == {"note": "a,b"}


def test_the_user_knows_the_delimiter_better() -> None:
    rows, _ = read("sep=;\nid,smiles\nm1,CCO", delimiter=",")
    assert [(row.molecule_id, row.smiles) for row in rows] == [("m1", "CCO")]


def test_what_was_taken() -> None:
    _, readings = read("CID,smiles,isosmiles\n1,CC(N)O,C[C@H](N)O\n")
    note = "where isosmiles is empty, smiles is read"
    assert readings == [Reading("x", "csv", "isosmiles", "CID", ("smiles",), notes=(note,))]
    _, readings = read("CCO a\nCCN b\n", table=False)
    assert readings == [Reading("x", "smi", "first word of the line", "rest of the line")]
    _, readings = read("CCO\nCCN\n", table=False)
    assert readings == [Reading("x", "smi", "first word of the line", "")]


def test_a_line_of_inchi() -> None:
    rows, _ = read("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3 ethanol\nInChI=1S/CH4/h1H4\tmethane", False)
    assert [(row.molecule_id, row.smiles, row.error) for row in rows] == [
        ("ethanol", "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3", ""),
        ("methane", "InChI=1S/CH4/h1H4", ""),
    ]
