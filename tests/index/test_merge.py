"""Merging: several libraries, and the parts of one that have the bytes of one run."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from changes import add, content, drop
from fakes import FakeEncoder, failure, library, molecule, prepared_set

from molsearch import schema
from molsearch.config import PrepareConfig
from molsearch.errors import EncoderMismatchError, InputError, UsageError
from molsearch.index.merge import merge_indexes
from molsearch.index.reader import open_index
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.fixture
def two(tmp_path):
    """Indexes of 50 and of 30 records."""
    build_index(library(tmp_path / "p", 50, bad_every=10), FakeEncoder(), tmp_path / "a")
    build_index(library(tmp_path / "q", 30), FakeEncoder(), tmp_path / "b")
    return [tmp_path / "a", tmp_path / "b"]


def test_libraries_follow_one_another_with_records_numbered_on(two, tmp_path):
    drop(two[0], ["m00001"])
    reader = merge_indexes(two, tmp_path / "m")
    records, vectors, _ = content(reader)
    parts = [content(open_index(path)) for path in two]
    assert np.array_equal(vectors, np.concatenate([part[1] for part in parts]))
    numbers = records.column(schema.RECORD_NUMBER).to_pylist()
    assert numbers[44:] == list(range(51, 81))
    manifest = reader.manifest
    assert (manifest.n_in, manifest.n_ok, manifest.n_failed, manifest.n_dropped) == (80, 74, 5, 1)
    assert verify_index(tmp_path / "m").sound


def test_the_same_merge_again_does_nothing(two, tmp_path):
    merge_indexes(two, tmp_path / "m")
    before = digests(tmp_path / "m")
    merge_indexes(two, tmp_path / "m")
    assert digests(tmp_path / "m") == before
    add(two[1], library(tmp_path / "r", 3))
    with pytest.raises(UsageError, match="--overwrite"):
        merge_indexes(two, tmp_path / "m")
    assert merge_indexes(two, tmp_path / "m", overwrite=True).n_rows == 78


def test_facts_of_each_are_kept(two, tmp_path):
    for path, row in zip(two, (2, 5), strict=True):
        open_index(path).facts.kept.keep(np.array([row]), {"qed": [row / 10]}, [""])
    kept = merge_indexes(two, tmp_path / "m").facts.kept
    values, known = kept.find(np.array([2, 45 + 5, 7]), ["qed"])
    assert values["qed"] == [0.2, 0.5, None]
    assert known["qed"].tolist() == [True, True, False]


def refusals(two, tmp_path):
    other = tmp_path / "other"
    build_index(library(tmp_path / "x", 5), FakeEncoder("other"), other)
    wide = tmp_path / "wide"
    build_index(library(tmp_path / "y", 5), FakeEncoder(), wide, dtype="float32")
    flat = tmp_path / "flat"
    prepared = prepared_set(tmp_path / "z", [molecule(1)], prepare=PrepareConfig(n_conformers=0))
    build_index(prepared, FakeEncoder(), flat)
    (tmp_path / "empty").mkdir()
    return {
        "encoder": ([two[0], other], EncoderMismatchError, "cannot be compared; index both"),
        "dtype": ([two[0], wide], UsageError, "holds float32"),
        "preparation": ([two[0], flat], UsageError, "n_conformers=0, not 1"),
        "twice": ([two[0], two[0]], UsageError, "named twice"),
        "one": (two[:1], UsageError, "two indexes or more"),
        "into itself": ([*two, tmp_path / "m"], UsageError, "named twice"),
        "no index": ([two[0], tmp_path / "empty"], InputError, "is not an index"),
    }


@pytest.mark.parametrize(
    "name", ["encoder", "dtype", "preparation", "twice", "one", "into itself", "no index"]
)
def test_what_does_not_belong_together_is_one_line_and_leaves_nothing(two, tmp_path, name):
    paths, kind, match = refusals(two, tmp_path)[name]
    with pytest.raises(kind, match=match) as caught:
        merge_indexes(paths, tmp_path / "m")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "m" / "manifest.json").exists()


@pytest.fixture
def parted(tmp_path):
    """Three parts of a library of 11 blocks of 20 records, and the index of one run."""
    return _in_parts(
        tmp_path,
        [failure(i) if i % 9 == 0 or 41 <= i <= 60 else molecule(i) for i in range(1, 215)],
    )


def _in_parts(tmp_path, outcomes):
    whole = prepared_set(tmp_path / "p", outcomes, shard_records=20)
    one = build_index(whole, FakeEncoder(), tmp_path / "one", shard_rows=64)
    paths = []
    for number in (1, 2, 3):
        paths.append(tmp_path / f"part{number}")
        build_index(whole.part(number, 3), FakeEncoder(), paths[-1], shard_rows=64)
    return one, paths


def test_parts_in_any_order_give_the_bytes_of_one_run(parted, tmp_path):
    one, paths = parted
    merge_indexes([paths[2], paths[0], paths[1]], tmp_path / "m")
    assert digests(tmp_path / "m") == digests(one.path)


def test_parts_of_a_library_without_a_failure_are_merged_too(tmp_path):
    one, paths = _in_parts(tmp_path, [molecule(i) for i in range(1, 95)])
    merge_indexes(paths, tmp_path / "m")
    assert digests(tmp_path / "m") == digests(one.path)


def test_a_part_is_an_index_by_itself_but_grows_only_when_whole(parted, tmp_path):
    _, paths = parted
    assert str(open_index(paths[1]).manifest.part) == "part 2 of 3"
    numbers = content(open_index(paths[1]))[0].column(schema.RECORD_NUMBER).to_pylist()
    assert {(number - 1) // 20 % 3 for number in numbers} == {1}
    with pytest.raises(UsageError, match=r"part 2 of 3 .* merge first"):
        drop(paths[1], ["m00021"])


def test_missing_doubled_and_foreign_parts_are_refused(parted, tmp_path):
    _, paths = parted
    with pytest.raises(UsageError, match=r"of 3 parts 1 are missing \(2\)"):
        merge_indexes([paths[0], paths[2]], tmp_path / "m")
    shutil.copytree(paths[0], tmp_path / "copy")
    with pytest.raises(UsageError, match="are both part 1 of 3"):
        merge_indexes([*paths, tmp_path / "copy"], tmp_path / "m")
    build_index(library(tmp_path / "q", 30), FakeEncoder(), tmp_path / "b")
    with pytest.raises(UsageError, match="is no part of a library, but others here are"):
        merge_indexes([*paths, tmp_path / "b"], tmp_path / "m")
    other = prepared_set(tmp_path / "r", [molecule(i) for i in range(1, 9)], shard_records=2)
    build_index(other.part(1, 3), FakeEncoder(), tmp_path / "c")
    with pytest.raises(UsageError, match="of another library, or another run"):
        merge_indexes([*paths[1:], tmp_path / "c"], tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_facts_of_parts_go_to_their_molecules(parted, tmp_path):
    _, paths = parted
    reader = open_index(paths[1])
    ids = content(reader)[0].column(schema.MOLECULE_ID).to_pylist()
    reader.facts.kept.keep(np.array([4]), {"qed": [0.4]}, [""])
    merged = merge_indexes(paths, tmp_path / "m")
    place = content(merged)[0].column(schema.MOLECULE_ID).to_pylist().index(ids[4])
    values, _ = merged.facts.kept.find(np.array([place]), ["qed"])
    assert values["qed"] == [0.4]


def test_an_empty_part_of_a_prepared_set_is_refused(tmp_path):
    whole = prepared_set(tmp_path / "p", [molecule(1)], shard_records=20)
    with pytest.raises(UsageError, match="no molecule in part 2 of 2; choose fewer"):
        whole.part(2, 2)
