"""Rarity: near its formula in float64, equal for equal rows, kept beside shards and carried on."""

from __future__ import annotations

import os
import pickle
import shutil

import numpy as np
import pytest
from changes import add, compact, drop
from fakes import FakeEncoder, library, unit_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.errors import EncoderMismatchError, IndexCorruptError
from molsearch.index import companions, rarity
from molsearch.index.merge import merge_indexes
from molsearch.index.rarity import MOST, TEMPERATURE, Reference, rarity_rows, reference_of
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.size import bytes_by_part
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index

REFERENCE = Reference(unit_rows(70, seed=9))


def naive(vectors, reference):
    """Say the formula in float64."""
    cosines = vectors.astype(np.float64) @ reference.vectors.astype(np.float64).T
    return -TEMPERATURE * np.log(np.exp((cosines - 1) / TEMPERATURE).mean(axis=1))


@pytest.mark.parametrize("n_reference", [1, 2, 70, 1024])
# A byte a dimension moves a cosine by less the more dimensions there are.
@pytest.mark.parametrize(("dim", "tolerance"), [(16, 2e-2), (100, 8e-3), (256, 5e-3)])
def test_it_is_near_the_formula_in_float64(n_reference, dim, tolerance):
    reference = Reference(unit_rows(n_reference, dim, seed=1))
    vectors = np.concatenate([unit_rows(600, dim, seed=2), reference.vectors, -reference.vectors])
    found = reference.rarity(vectors)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive(vectors, reference), rtol=0, atol=tolerance)
    assert (found <= MOST + tolerance).all()
    assert (found >= -tolerance).all()


def test_compounds_may_be_known_by_a_prefix_alone():
    reference = Reference(unit_rows(70, 100, seed=1))
    vectors = unit_rows(300, 256, seed=2)
    some = vectors[:, :100].astype(np.float64)
    due = naive(some / np.linalg.norm(some, axis=1, keepdims=True), reference)
    np.testing.assert_allclose(reference.rarity(vectors), due, rtol=0, atol=8e-3)
    np.testing.assert_array_equal(reference.rarity(vectors), reference.rarity(vectors[:, :100]))
    vectors[3, 7], vectors[5, 0] = np.nan, np.inf
    assert np.flatnonzero(~np.isfinite(reference.rarity(vectors))).tolist() == [3, 5]


def test_what_all_are_like_is_not_rare_and_its_opposite_is_the_rarest():
    reference = Reference(np.repeat(unit_rows(1), 40, axis=0))
    one = reference.vectors[:1]
    assert reference.rarity(one)[0] == pytest.approx(0, abs=0.01)
    assert reference.rarity(-one)[0] == pytest.approx(MOST, abs=0.01)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_reference=st.sampled_from([1, 3, 70, 300, 1000]),
    dim=st.sampled_from([3, 16, 100]),
    n=st.integers(1, 1200),
    block=st.integers(1, 700),
)
def test_equal_rows_are_equal_in_every_bit_wherever_they_stand(seed, n_reference, dim, n, block):
    reference = Reference(unit_rows(n_reference, dim, seed))
    vectors = unit_rows(n, dim, seed + 1)
    vectors[:: 1 + seed % 7] = vectors[0]
    whole = reference.rarity(vectors)
    assert len({*whole[:: 1 + seed % 7].tolist()}) == 1
    parts = [reference.rarity(vectors[i : i + block]) for i in range(0, n, block)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    np.testing.assert_array_equal(whole, reference.rarity(vectors.astype(np.float32)))
    order = np.random.default_rng(seed).permutation(n)
    np.testing.assert_array_equal(whole[order], reference.rarity(vectors[order]))


def test_threads_change_nothing(monkeypatch):
    vectors = unit_rows(3000, 100, seed=3)
    threaded = Reference(unit_rows(70, 100, seed=1)).rarity(vectors)
    monkeypatch.setattr(rarity, "_WORTH_THREADS", 10**6)
    alone = Reference(unit_rows(70, 100, seed=1)).rarity(vectors)
    np.testing.assert_array_equal(threaded, alone)


def test_no_rows_have_none():
    assert REFERENCE.rarity(np.empty((0, 16), np.float16)).shape == (0,)


def test_a_copy_for_another_process_is_the_same_and_small():
    vectors = unit_rows(50)
    due = REFERENCE.rarity(vectors)
    sent = pickle.dumps(REFERENCE)
    assert len(sent) < REFERENCE.vectors.nbytes + 1000
    there = pickle.loads(sent)
    assert there.key == REFERENCE.key
    np.testing.assert_array_equal(there.rarity(vectors), due)


def test_its_key_is_of_the_compounds():
    assert Reference(REFERENCE.vectors.copy()).key == REFERENCE.key
    assert Reference(unit_rows(70, seed=8)).key != REFERENCE.key


def test_an_array_that_comes_again_is_computed_once(monkeypatch):
    vectors, reference = unit_rows(50), Reference(unit_rows(70, seed=9))
    due = reference.of_same(vectors)
    monkeypatch.setattr(Reference, "rarity", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(reference.of_same(vectors), due)


def test_the_compounds_of_an_encoder_are_packed_once():
    encoder = FakeEncoder(reference=unit_rows(20))
    assert reference_of(encoder) is reference_of(encoder)
    for n in range(20):  # others in between
        assert len(reference_of(FakeEncoder(reference=unit_rows(3 + n))).vectors) == 3 + n
    np.testing.assert_array_equal(reference_of(encoder).vectors, encoder.reference)


def test_an_encoder_need_not_bring_any():
    class Older:
        identity, dim = "older", 16

    assert reference_of(FakeEncoder()) is None
    assert reference_of(Older()) is None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (unit_rows(5, dim=17), r"are \(5, 17\), not rows of 16 dimensions or fewer"),
        (unit_rows(5)[0], "not rows of 16 dimensions"),
        (unit_rows(5)[:0], "not rows of 16 dimensions"),
        (2 * unit_rows(5), "not of unit length"),
        (np.full((5, 16), np.nan, np.float16), "not finite"),
    ],
)
def test_what_is_no_reference_of_an_encoder_is_one_line(wrong, why):
    with pytest.raises(EncoderMismatchError, match=why) as told:
        reference_of(FakeEncoder(reference=wrong))
    assert "\n" not in str(told.value)


STORED = [{}, {"dtype": "int8"}, {"dtype": "float32", "prefix": 11}]


@pytest.fixture(params=STORED, ids=["as it is", "compact", "prefix"])
def index(request, tmp_path):
    prepared = library(tmp_path / "p", 250)
    build_index(prepared, FakeEncoder(), tmp_path / "i", shard_rows=100, **request.param)
    return tmp_path / "i"


@pytest.fixture
def computed(monkeypatch):
    """Rows that were computed, not read."""
    seen, kept = [], Reference.rarity

    def counted(self, vectors):
        seen.append(len(vectors))
        return kept(self, vectors)

    monkeypatch.setattr(Reference, "rarity", counted)
    return seen


def values(reader):
    return np.concatenate([one.rows(0, 10**6) for one in rarity_rows(reader, REFERENCE).every()])


def due(reader):
    stored = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    return REFERENCE.rarity(stored)[:, None]


def test_it_is_kept_beside_the_shards_and_found_again(index, computed):
    told = []
    rows = rarity_rows(open_index(index), REFERENCE).every(lambda done, _: told.append(done))
    assert sum(computed) == 250
    assert told[-1] == 250
    assert [len(one) for one in rows] == [100, 100, 50]
    computed.clear()
    reader = open_index(index)
    found = values(reader)
    assert computed == []
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, due(reader))
    assert verify_index(index).sound
    assert bytes_by_part(reader)["kept beside"] >= 4 * 250


def test_only_a_shard_that_is_asked_for_is_computed(index, computed):
    reader = open_index(index)
    rows = rarity_rows(reader, REFERENCE).of(1)
    assert sum(computed) == 100
    np.testing.assert_array_equal(rows.take(np.array([7, 3])), due(reader)[[107, 103]])


def test_an_older_index_says_nothing_of_what_is_beside_it(index):
    assert "kept beside" not in bytes_by_part(open_index(index))


def test_other_compounds_have_rows_of_their_own(index):
    reader = open_index(index)
    other = Reference(unit_rows(30, seed=4))
    first = values(reader)
    second = np.concatenate([one.rows(0, 10**6) for one in rarity_rows(reader, other).every()])
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(values(open_index(index)), first)


def test_where_nothing_can_be_kept_it_is_computed_once_a_reader(index, computed, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(companions, "_write", refused)
    reader = open_index(index)
    told = []
    rarity_rows(reader, REFERENCE).every(lambda done, _: told.append(done))
    assert told[-1] == sum(computed) == 250
    found = values(reader)
    assert sum(computed) == 250
    np.testing.assert_array_equal(found, due(reader))
    rows = rarity_rows(reader, REFERENCE).of(2)
    assert len(rows) == 50
    np.testing.assert_array_equal(rows.rows(10, 20), found[210:220])
    np.testing.assert_array_equal(rows.take(np.array([4, 1])), found[[204, 201]])
    assert list(index.rglob("rarity-*")) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_that_is_not_ours_to_write_serves_all_the_same(index):
    shards = [one.parent for one in index.rglob("embeddings.npy")]
    for folder in shards:
        folder.chmod(0o555)
    try:
        reader = open_index(index)
        np.testing.assert_array_equal(values(reader), due(reader))
    finally:
        for folder in shards:
            folder.chmod(0o755)


@pytest.mark.parametrize("how", ["altered", "cut", "empty", "of other rows", "no sums"])
def test_a_damaged_file_is_made_again(index, how):
    values(open_index(index))
    files = sorted(index.rglob("rarity-*.npy"))
    content = bytearray(files[0].read_bytes())
    if how == "altered":
        content[-1] ^= 1
        files[0].write_bytes(content)
    elif how == "no sums":
        files[0].with_suffix(".json").unlink()
    elif how == "of other rows":
        shutil.copy(files[2], files[0])
    else:
        files[0].write_bytes(content[: -10 if how == "cut" else 0])
    reader = open_index(index)
    np.testing.assert_array_equal(values(reader), due(reader))
    np.testing.assert_array_equal(values(open_index(index)), due(reader))


@pytest.mark.parametrize("kind", ["drop", "compact", "merge"])
def test_new_shards_take_it_over(index, tmp_path, computed, kind):
    values(open_index(index))
    if kind == "drop":
        reader = drop(index, ["m00003", "m00150"])
    elif kind == "compact":
        drop(index, ["m00003"])
        reader = compact(index)
    else:
        shutil.copytree(index, tmp_path / "j")
        reader = merge_indexes([index, tmp_path / "j"], tmp_path / "both")
    computed.clear()
    found = values(open_index(reader.path))
    assert computed == []
    np.testing.assert_array_equal(found, due(reader))


def test_added_shards_get_their_own(index, tmp_path, computed):
    values(open_index(index))
    add(index, library(tmp_path / "q", 60))
    computed.clear()
    reader = open_index(index)
    found = values(reader)
    assert sum(computed) == reader.n_rows - 250
    np.testing.assert_array_equal(found, due(reader))


def test_what_is_not_finite_is_told_and_not_kept(tmp_path, monkeypatch):
    reader = build_index(library(tmp_path / "p", 20), FakeEncoder(), tmp_path / "i")
    path = next((tmp_path / "i").rglob("embeddings.npy"))
    array = np.load(path)
    array[3, 5] = np.nan
    np.save(path, array)
    monkeypatch.setattr(IndexReader, "_block_sums", lambda *_: None)  # as in an older index
    with pytest.raises(IndexCorruptError, match="not finite; run: molsearch verify"):
        values(reader)
    assert list(tmp_path.rglob("rarity-*.npy")) == []


def test_two_processes_that_write_the_same_both_find_it(index):
    first, second = open_index(index), open_index(index)
    one, other = rarity_rows(first, REFERENCE), rarity_rows(second, REFERENCE)
    for shard in range(3):  # in turn: each finds what the other has written
        np.testing.assert_array_equal(one.of(shard).rows(0, 100), other.of(shard).rows(0, 100))
    np.testing.assert_array_equal(values(second), due(second))
