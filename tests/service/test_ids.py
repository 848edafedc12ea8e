"""Lists of ids: one a line, or a column of a table."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from molsearch.errors import InputError
from molsearch.service.ids import read_ids


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "x 1\n\n  y\nx 1\n"),
        ("a.txt", "\ufeffx 1\r\ny\r\n"),
        ("a.csv", 'rank,molecule_id\n1,x 1\n2,"y"\n3\n'),
        ("a.tsv", "molecule_id\tscore\nx 1\t1\ny\t2\n"),
        ("a.csv", "name\nx 1\ny\n"),
        ("a.csv", '\ufeffmolecule_id;"a, b"\r\nx 1;1,5\r\ny;2\r\n'),
        ("a.csv", '"of, all";molecule_id\n1;x 1\n2;y\n'),
    ],
)
def test_ids_come_once_and_in_their_order(tmp_path, name, content):
    (tmp_path / name).write_text(content, newline="", encoding="utf-8")
    assert read_ids(str(tmp_path / name)) == ["x 1", "y"]


def test_packed_and_parquet_and_named_columns(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id,b\nx,1\ny,2\n"))
    assert read_ids(str(tmp_path / "a.csv.gz"), "id") == ["x", "y"]
    pd.DataFrame({"molecule_id": [7, 8], "b": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    assert read_ids(str(tmp_path / "a.parquet")) == ["7", "8"]


@pytest.mark.parametrize(
    ("name", "content", "column", "match"),
    [
        ("a.csv", "id,b\nx,1\n", None, "no column 'molecule_id' .it has id, b.; .*--id-column"),
        ("a.txt", "x\n", "id", "is a list, which has no column"),
        ("a.csv", "molecule_id,b\n", None, "holds no id"),
        ("a.parquet", "no parquet", None, "cannot be read"),
        ("a.csv", "Catalog ID;b\nx;1\n", None, "no column 'molecule_id' .it has Catalog ID, b."),
        ("a.xlsx", "PK\x03\x04\0\0", None, "is no text; save its ids as a text"),
    ],
)
def test_what_holds_no_ids_is_one_line(tmp_path, name, content, column, match):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=match):
        read_ids(str(tmp_path / name), column)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.txt"):
        read_ids(str(tmp_path / "none.txt"))
