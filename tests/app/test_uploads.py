from __future__ import annotations

import bz2
import io
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.chem.readers.formats import read_suffixes
from molsearch.errors import InputError
from molsearch_app.components import uploads


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
        ("My actives.XLSX", "my_actives.xlsx"),
        ("../poses.mol2.zst", "poses.mol2.zst"),
        ("vendor.sdfgz", "vendor.sdfgz"),
        ("a.b.jsonl.bz2", "a.b.jsonl.bz2"),
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


@pytest.mark.parametrize("text", [b"name,price\nfoo,1\nbar,2\n", b"foo,1\nbar,2\n"])
def test_what_is_wrong_is_told_without_folders_and_options(tmp_path, text):
    path = uploads.store(io.BytesIO(text), "mine.csv", tmp_path)
    with pytest.raises(InputError, match=r"mine\.csv: no .*SMILES") as told:
        uploads.look(path)
    assert str(tmp_path) not in str(told.value)
    assert "--" not in str(told.value)


def test_every_format_that_is_read_can_be_uploaded(tmp_path):
    for suffix in read_suffixes():
        assert suffix.removeprefix(".") in uploads.TYPES
        assert uploads.safe_name(f"x{suffix}").endswith(suffix)
    packed = bz2.compress(b'{"smiles": "CCO", "id": "a", "price": 1}\n')
    seen = uploads.look(uploads.store(io.BytesIO(packed), "a.jsonl.bz2", tmp_path))
    assert (seen.n_read, seen.n_bad) == (1, 0)
    assert "price" in seen.columns
    with pytest.raises(InputError, match=r"\.mol2, .*packed also: \.gz"):
        uploads.safe_name("model.pdb")


def test_nothing_but_bad_rows_is_refused(tmp_path):
    path = uploads.store(io.BytesIO(b"smiles\nC1CC\nC((\n"), "a.csv", tmp_path)
    with pytest.raises(InputError, match="none of the first 2 records"):
        uploads.look(path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"smiles,pIC50\nCCO,5.5\nCCN,7.1\n", {"pic50"}),
        (b"pIC50\tstructure\n5.5\tCCO\n", {"pic50"}),
        (b"smiles,molecule_id,pIC50\nCCO,a,5.5\n", {"molecule_id", "pic50"}),
        (b"smiles\nCCO\n", set()),
    ],
)
def test_activities_are_a_column_even_where_they_pass_for_ids(tmp_path, text, found):
    name = "a.tsv" if b"\t" in text else "a.csv"
    path = uploads.store(io.BytesIO(text), name, tmp_path)
    assert {column.lower() for column in uploads.columns(path)} - {"smiles"} == found


def waiting(root, name, age):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "lib.smi").write_text("CCO\n")
    for path in (folder / "lib.smi", folder):
        os.utime(path, (time.time() - age,) * 2)
    return folder


def test_uploads_that_were_never_used_go_after_a_day(tmp_path):
    old = waiting(tmp_path, ".upload-old", 2 * uploads.KEPT_SECONDS)
    new = waiting(tmp_path, ".upload-new", 60)
    run = waiting(tmp_path, "screen-0123456789abcdef", 9 * uploads.KEPT_SECONDS)
    elsewhere = waiting(tmp_path / "elsewhere", "kept", 9 * uploads.KEPT_SECONDS)
    (tmp_path / ".upload-link").symlink_to(elsewhere)
    (tmp_path / ".upload-file").write_text("")
    assert uploads.sweep(tmp_path) == 1
    assert not old.exists()
    assert all((folder / "lib.smi").exists() for folder in (new, run, elsewhere))
    assert uploads.sweep(tmp_path) == 0


def test_an_upload_looked_at_lately_stays(tmp_path):
    folder = waiting(tmp_path, ".upload-x", 2 * uploads.KEPT_SECONDS)
    (folder / "lib.smi").touch()
    assert uploads.sweep(tmp_path) == 0
    assert uploads.sweep(tmp_path, time.time() + 2 * uploads.KEPT_SECONDS) == 1


def test_no_runs_folder_is_nothing_to_sweep(tmp_path):
    assert uploads.sweep(tmp_path / "none") == 0


def test_the_folder_of_an_upload_goes_as_soon_as_a_job_has_taken_it(tmp_path):
    taken, there = (waiting(tmp_path, name, 5) for name in (".upload-a", ".upload-b"))
    uploads.take(taken / "lib.smi", tmp_path / "lib.smi")
    assert (tmp_path / "lib.smi").is_file()
    assert not taken.exists()
    kept = {"1": str(taken / "lib.smi"), "2": str(there / "lib.smi"), "3": str(tmp_path / "gone")}
    uploads.forget_taken(kept)
    assert list(kept) == ["2"]
    assert not taken.exists()
    assert (there / "lib.smi").exists()
    assert tmp_path.exists()
