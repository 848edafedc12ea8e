"""The one-byte copy of embeddings: its bound holds, and it is whole or not used."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEncoder, library
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from molsearch.errors import IndexCorruptError
from molsearch.index import shard_files
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.vectors import codec, int8
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.float16,
        st.tuples(st.integers(1, 5), st.integers(1, 40)),
        elements=st.floats(-2, 2, width=16),
    )
)
def test_no_row_lies_further_from_its_copy_than_is_said(vectors):
    found = int8.encode(vectors)
    back = found.scale[:, None].astype(np.float64) * found.codes
    wrong = np.linalg.norm(vectors.astype(np.float64) - back, axis=1)
    assert (wrong <= found.distance).all()
    steps = np.abs(vectors).max(axis=1).astype(np.float64) / 127
    assert (found.distance <= steps * np.sqrt(vectors.shape[1]) / 2 * 1.01 + 1e-37).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_stays_so(bad):
    vectors = np.full((2, 4), 0.5, np.float32)
    vectors[1, 2] = bad
    found = int8.encode(vectors)
    assert np.isfinite(found.scale).tolist() == [True, False]


@pytest.fixture
def made(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(codec, "LEAST_ROWS", 50)
    build_index(library(tmp_path / "p", 230), FakeEncoder(), tmp_path / "i", shard_rows=100)
    return tmp_path / "i"


@pytest.fixture
def older(tmp_path, monkeypatch) -> Path:
    """An index from before there was such a copy."""
    monkeypatch.setattr(codec, "LEAST_ROWS", 10**9)
    build_index(library(tmp_path / "p", 230), FakeEncoder(), tmp_path / "i", shard_rows=100)
    monkeypatch.setattr(codec, "LEAST_ROWS", 50)
    return tmp_path / "i"


def copied(reader: IndexReader, shard: int = 0) -> np.ndarray:
    rows = reader.copy(shard)
    assert rows is not None
    block = int8.Int8Block.of(rows.rows(0, len(rows)))
    return block.scale[:, None] * block.codes


def test_an_index_is_made_with_its_copy_and_verified_with_it(made):
    reader = open_index(made)
    np.testing.assert_allclose(copied(reader), reader.embeddings(0), atol=0.01)
    names = [set(shard.files) & set(int8.FILES) for shard in reader.manifest.shards]
    assert names == [set(int8.FILES), set(int8.FILES), set()]  # the last one has 30 rows
    assert reader.copy(2) is None
    path = next(made.rglob("shard-00001/int8.npy"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    assert any("int8.npy" in problem for problem in verify_index(made).problems)
    rows = IndexReader(made, reader.manifest).copy(1)
    with pytest.raises(IndexCorruptError, match=r"int8.npy was altered"):
        rows.rows(0, 100)


def test_a_copy_that_the_manifest_names_and_is_not_there_is_damage(made):
    next(made.rglob("shard-00000/int8_scales.npy")).unlink()
    with pytest.raises(IndexCorruptError, match="int8_scales"):
        open_index(made)


def test_an_older_index_gets_it_once_and_stays_what_it_is(older, monkeypatch):
    before = (older / "manifest.json").read_bytes()
    first = copied(open_index(older))
    made = next(older.rglob("shard-00000/int8.npy"))
    stamp = made.stat().st_mtime_ns
    assert np.array_equal(copied(open_index(older)), first)
    assert made.stat().st_mtime_ns == stamp
    assert (older / "manifest.json").read_bytes() == before
    assert verify_index(older).sound


@pytest.mark.parametrize("name", int8.FILES)
@pytest.mark.parametrize("how", ["cut", "gone", "of another shape"])
def test_what_is_left_of_an_older_copy_is_made_again(older, name, how):
    due = copied(open_index(older))
    path = next(older.rglob(f"shard-00000/{name}"))
    if how == "cut":
        path.write_bytes(path.read_bytes()[:100])
    elif how == "gone":
        path.unlink()
    else:
        np.save(older / "other.npy", np.zeros((3, 2), np.int8))
        shutil.copy(older / "other.npy", path)
    assert np.array_equal(copied(open_index(older)), due)


def test_a_copy_of_other_rows_is_not_taken_for_one_of_these(older):
    due = copied(open_index(older))
    copied(open_index(older), 1)
    folder = next(older.rglob("shard-00000"))
    for name in int8.FILES:
        shutil.copy(folder.parent / "shard-00001" / name, folder / name)
    assert np.array_equal(copied(open_index(older)), due)
    shutil.copy(folder.parent / "shard-00001" / "int8.npy", folder / "int8.npy")
    with pytest.raises(IndexCorruptError, match=r"int8.npy was altered"):
        copied(open_index(older))


def test_a_folder_that_cannot_be_written_is_searched_all_the_same(older, monkeypatch):
    calls = []

    def refuse(*arguments):
        calls.append(arguments)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shard_files, "write_copy", refuse)
    reader = open_index(older)
    assert reader.copy(0) is None
    assert reader.copy(0) is None
    assert len(calls) == 1  # and not tried at every search
