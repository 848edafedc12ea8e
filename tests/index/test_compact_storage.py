"""Embeddings in a byte a dimension alone: smaller, approximate, and said so."""

from __future__ import annotations

import numpy as np
import pytest
from changes import add, compact, content, drop
from fakes import FakeEncoder, library

from molsearch.index.merge import merge_indexes
from molsearch.index.reader import open_index
from molsearch.index.size import bytes_by_part
from molsearch.index.vectors.int8 import Int8
from molsearch.index.vectors.measured import measured_recall
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import search

DIM = 32


def build(folder, name: str, n: int, dtype: str = "int8"):
    prepared = library(folder / f"{name}.prepared", n)
    return build_index(prepared, FakeEncoder(dim=DIM), folder / name, shard_rows=100, dtype=dtype)


def test_no_full_embeddings_stay_and_decoded_ones_are_near(tmp_path):
    full, small = build(tmp_path, "full", 250, "float32"), build(tmp_path, "small", 250)
    assert not list((tmp_path / "small").rglob("embeddings.npy"))
    assert bytes_by_part(small)["embeddings"] == 0
    assert bytes_by_part(small)["one-byte copy"] < 250 * (DIM + 8) + 3 * 2 * 200
    exact, decoded = content(full)[1], content(small)[1]
    bound = np.abs(exact).max(axis=1, keepdims=True) / 254 + 1e-6
    assert (np.abs(exact - decoded) <= bound).all()
    assert verify_index(tmp_path / "small").sound
    assert full.recall is None
    assert 0.5 < small.recall <= 1


@pytest.mark.parametrize("fusion", ["max", "mean"])
def test_a_search_equals_brute_force_over_what_is_stored(tmp_path, fusion):
    reader = build(tmp_path, "small", 250)
    stored = content(reader)[1].astype(np.float64)
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((2, DIM))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    found = search(reader, QuerySet(vectors, np.arange(2), fusion=fusion), 20)
    cosines = stored @ vectors.astype(np.float64).T
    due = cosines.max(axis=1) if fusion == "max" else cosines.mean(axis=1)
    assert found.scores == pytest.approx(np.sort(due)[::-1][:20], abs=1e-12)


def test_rows_that_were_rounded_once_are_not_rounded_again(tmp_path):
    """Add, drop, compact and merge keep codes, lose no row, and keep what is known of recall."""
    reader = build(tmp_path, "small", 250)
    recall, before = reader.recall, content(reader)[1]
    reader = drop(tmp_path / "small", ["m00001", "m00222"])
    keep = [i for i in range(250) if i not in (0, 221)]
    assert content(reader)[1] == pytest.approx(before[keep], abs=1e-6)
    reader = add(tmp_path / "small", library(tmp_path / "more", 60), encoder=FakeEncoder(dim=DIM))
    assert reader.shard_rows == [99, 100, 49, 60]
    known = reader.recall
    assert known <= recall
    reader = compact(tmp_path / "small")
    assert reader.n_rows == 308
    assert content(reader)[1][:248] == pytest.approx(before[keep], abs=1e-6)
    assert reader.recall == known
    other = build(tmp_path, "other", 30)
    merged = merge_indexes([tmp_path / "small", other.path], tmp_path / "m")
    assert merged.n_rows == 338
    assert merged.recall == min(known, other.recall)
    assert verify_index(tmp_path / "m").sound


def test_recall_is_one_where_rounding_changes_no_order_and_less_where_it_does(tmp_path):
    class Rows:
        def __init__(self, vectors):
            self.vectors = vectors

        def __len__(self):
            return len(self.vectors)

        def rows(self, start, stop):
            return self.vectors[start:stop]

    class Copy(Rows):
        codec = Int8()

        def rows(self, start, stop):
            return self.codec.encode(self.vectors[start:stop], {})

    rng = np.random.default_rng(5)
    spread = rng.standard_normal((3000, 8)).astype(np.float32)
    assert measured_recall(Rows(spread), Copy(spread)) > 0.95
    other = rng.standard_normal((3000, 8)).astype(np.float32)
    assert measured_recall(Rows(spread), Copy(other)) < 0.3


def test_damage_of_the_only_copy_is_found(tmp_path):
    reader = build(tmp_path, "small", 250)
    path = tmp_path / "small" / reader.manifest.shards[1].folder / "int8.npy"
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 3
    path.write_bytes(raw)
    assert any("int8.npy" in problem for problem in verify_index(tmp_path / "small").problems)
    with pytest.raises(Exception, match=r"int8\.npy"):
        open_index(tmp_path / "small")
