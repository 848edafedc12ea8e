"""Writing tables: formats, spreadsheets, SD files, atomicity."""

from __future__ import annotations

import gzip
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molsearch.errors import UsageError
from molsearch.io.tables import defused, table_format, write_frame, write_sdf, write_text_table


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "rank": [1, 2],
            "molecule_id": ["=cmd|' /C calc'!A0", 'a,"b"\nc'],
            "smiles": ["C=O", "@@"],
            "score": [-0.123456789, float("nan")],
            "is_query": [True, False],
            "+user": ["-5", None],
        }
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "csv"),
        ("A.TSV", "tsv"),
        ("a.csv.gz", "csv"),
        ("x/b.sdf.gz", "sdf"),
        ("a.parquet", "parquet"),
    ],
)
def test_the_name_tells_the_format(name, kind):
    assert table_format(name) == kind


@pytest.mark.parametrize(
    "name", ["a", "a.txt", "a.xlsx", "a.parquet.gz", "a.gz", "csv", ".csv.zip"]
)
def test_a_name_that_tells_no_format_is_refused(name):
    with pytest.raises(UsageError, match="does not tell a format"):
        table_format(name)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz", "a.tsv.gz"])
def test_text_tables_come_back(frame, tmp_path, name):
    write_frame(frame, tmp_path / name)
    back = pd.read_csv(tmp_path / name, sep="\t" if "tsv" in name else ",", dtype={"+user": "str"})
    assert back.columns.tolist() == frame.columns.tolist()
    assert back.molecule_id.tolist() == frame.molecule_id.tolist()
    assert back.score[0] == pytest.approx(-0.123457)
    assert pd.isna(back.score[1])
    assert back["+user"][0] == "-5"


def test_parquet_keeps_values_to_the_last_bit(frame, tmp_path):
    write_frame(frame, tmp_path / "a.parquet", excel_safe=True)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), frame)


def test_equal_tables_are_equal_gzip_files(frame, tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        write_frame(frame, tmp_path / name)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_excel_safe_marks_text_but_never_structures_or_numbers(frame):
    safe = defused(frame, ["smiles"])
    assert safe.molecule_id.tolist() == ["'=cmd|' /C calc'!A0", 'a,"b"\nc']
    assert safe.smiles.tolist() == ["C=O", "@@"]
    assert safe.score[0] == frame.score[0]
    assert safe["'+user"][0] == "-5"
    assert pd.isna(safe["'+user"][1])
    assert frame["+user"][0] == "-5"


@settings(max_examples=200)
@given(st.text(alphabet="=+-@\t\ra1,\"' ", max_size=6))
def test_no_text_cell_begins_like_a_formula(text):
    handle = io.StringIO()
    write_text_table(pd.DataFrame({"x": pd.array([text], dtype="str")}), handle, excel_safe=True)
    value = defused(pd.DataFrame({"x": [text]})).x[0]
    if value.startswith(("=", "+", "-", "@", "\t", "\r")):
        float(value.replace(",", ".", 1))  # a number runs nothing
    assert value.removeprefix("'") == text or value == text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(frame, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("old")

    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", broken)
    with pytest.raises(OSError, match="No space"):
        write_frame(frame, tmp_path / "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"


NASTY = {
    "rank": 1,
    "score": 0.123456789,
    "missing": None,
    "nan": float("nan"),
    "text": "line one\n\nline two\n$$$$\nend",
    "a<b>c": "x",
}


@pytest.mark.parametrize("name", ["a.sdf", "a.sdf.gz"])
def test_sd_files_are_read_back_with_their_tags(tmp_path, name):
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    write_sdf([(block, NASTY), (block, {"rank": 2})], tmp_path / name)
    opened = gzip.open if name.endswith("gz") else open
    with opened(tmp_path / name, "rb") as handle:
        mols = list(Chem.ForwardSDMolSupplier(io.BytesIO(handle.read())))
    assert len(mols) == 2
    assert mols[0].GetProp("score") == "0.123457"
    assert mols[0].GetProp("missing") == ""
    assert mols[0].GetProp("text") == "line one\n \nline two\n $$$$\nend"
    assert mols[0].GetProp("a<b>c") == "x"
    assert mols[1].GetProp("rank") == "2"


@pytest.mark.parametrize("text", ["-9.1", "+7", "-.5", "-1,5", "-1e-3", "+2.E+4"])
def test_numbers_as_text_are_no_formulas(text):
    assert defused(pd.DataFrame({"x": [text]}))["x"].tolist() == [text]


@pytest.mark.parametrize("text", ["-", "-1+1", "+1-800", "-1 ", "-1e", "--1", "-OH", "+1.2.3"])
def test_what_only_begins_like_a_number_is_defused(text):
    assert defused(pd.DataFrame({"x": [text]}))["x"].tolist() == [f"'{text}"]
