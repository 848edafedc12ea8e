from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.components import uploads
from molsearch.errors import InputError


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("lib.smi", "lib.smi"),
        ("../../etc/cron.d/x.SMI.gz", "x.smi.gz"),
        ("C:\\a\\b.sdf", "b.sdf"),
        ("=cmd|' /C calc'!A0.csv", "C_calc_A0.csv"),
        ("....csv", "upload.csv"),
        ("-o.csv", "o.csv"),
        ("<script>.parquet", "script.parquet"),
    ],
)
def test_names_are_ours(name, stored):
    assert uploads.safe_name(name).lower() == stored.lower()


@given(st.text(max_size=80))
def test_no_name_leaves_its_folder(name):
    stored = uploads.safe_name(name + ".smi")
    assert "/" not in stored
    assert "\\" not in stored
    assert not stored.startswith((".", "-"))


@pytest.mark.parametrize("name", ["lib.exe", "lib", "lib.gz", "lib.pkl"])
def test_other_kinds_are_refused(name):
    with pytest.raises(InputError, match="not a kind of file"):
        uploads.safe_name(name)


def test_an_empty_and_a_huge_upload_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="empty"):
        uploads.store(io.BytesIO(), "a.smi", tmp_path)
    monkeypatch.setattr(uploads, "MOST_BYTES", 3)
    with pytest.raises(InputError, match="more than"):
        uploads.store(io.BytesIO(b"CCCC"), "a.smi", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_content_decides_not_the_name(tmp_path):
    path = uploads.store(io.BytesIO(b"\x7fELF" + bytes(range(256)) * 40), "a.smi", tmp_path)
    with pytest.raises(InputError):
        uploads.look(path)


def test_a_look_counts_bad_rows_and_names_columns(tmp_path):
    text = b"smiles,id,price\nCCO,a,1\nC1CC,b,2\n"
    seen = uploads.look(uploads.store(io.BytesIO(text), "a.csv", tmp_path))
    assert (seen.n_read, seen.n_bad, seen.columns) == (2, 1, ("price",))
    assert seen.first_error.startswith("row 3: ")


def test_nothing_but_bad_rows_is_refused(tmp_path):
    path = uploads.store(io.BytesIO(b"smiles\nC1CC\nC((\n"), "a.csv", tmp_path)
    with pytest.raises(InputError, match="none of the first 2 records"):
        uploads.look(path)
