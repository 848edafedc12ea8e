"""Lists are made shard by shard, kept where nothing changed, and never half visible."""

from __future__ import annotations

import numpy as np
import pytest
from changes import add, compact, drop
from fakes import FakeEncoder, library
from listed import indexed, make_lists

from molsearch.errors import IndexCorruptError, MolSearchError, UsageError
from molsearch.index.ann import build as building
from molsearch.index.ann import lists
from molsearch.index.ann.build import usual_lists
from molsearch.index.ann.manifest import ABOUT, folder_of, read_about
from molsearch.index.ann.opened import opened
from molsearch.index.reader import open_index
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index


@pytest.fixture
def reader(tmp_path):
    return indexed(tmp_path)


def files(path):
    return {one.name: one.stat().st_ino for one in folder_of(path).glob("lists-*.faiss")}


def test_every_row_is_in_one_list_of_its_shard_and_all_lists_give_them_all(reader):
    make_lists(reader.path, lists=16)
    about, found = opened(reader)
    assert [one.n_rows for one in about.shards] == [400, 400, 100]
    query = np.zeros((1, 16 + 64), np.float32)
    query[0, 0] = 1
    rows = found.candidates(query, probes=16, depth=900)
    assert rows.tolist() == list(range(900))
    assert 0 < len(found.candidates(query, probes=1, depth=900)) < 500


def test_excluded_rows_never_come_back(reader):
    make_lists(reader.path, lists=4)
    _, found = opened(reader)
    excluded = [np.arange(rows) % 3 != 0 for rows in reader.shard_rows]
    excluded[1][:] = True
    query = np.eye(1, 80, dtype=np.float32)
    rows = found.candidates(query, probes=4, depth=900, excluded=excluded)
    due = np.flatnonzero(~np.concatenate(excluded))
    assert rows.tolist() == due.tolist()


@pytest.mark.parametrize(("change", "kept"), [
    (lambda path, folder: add(path, library(folder / "more", 130)), 3),
    (lambda path, folder: drop(path, ["m00850"]), 2),
])  # fmt: skip
def test_after_a_change_lists_are_of_another_generation_until_they_are_made_again(
    reader, tmp_path, change, kept
):
    make_lists(reader.path, lists=8)
    before = files(reader.path)
    changed = change(reader.path, tmp_path)
    about, found = opened(changed)
    assert found is None
    assert (about.generation, changed.manifest.generation) == (1, 2)
    account = make_lists(reader.path, lists=8)
    assert opened(changed)[1] is not None
    # Shards that did not change keep their lists.
    assert account["n_shards_kept"] == kept
    after = files(reader.path)
    assert len(after.items() & before.items()) == kept
    assert len(after) == changed.n_shards


def test_a_compacted_index_needs_lists_of_its_new_shards(reader, tmp_path):
    add(reader.path, library(tmp_path / "more", 130))
    make_lists(reader.path, lists=8)
    compacted = compact(reader.path)
    assert opened(compacted)[1] is None
    make_lists(reader.path, lists=8)
    assert opened(compacted)[1] is not None
    assert len(files(reader.path)) == 3


def test_an_index_that_doubled_learns_its_centroids_anew(reader, tmp_path):
    make_lists(reader.path, lists=8)
    first = read_about(reader.path).trained
    add(reader.path, library(tmp_path / "more", 1000))
    make_lists(reader.path)
    second = read_about(reader.path).trained
    assert second.centroids != first.centroids
    assert second.n_rows == 1900
    names = {one.name for one in folder_of(reader.path).glob("*.npy")}
    assert names == {second.centroids.name, second.projection.name}


def test_an_interrupted_build_shows_nothing_and_goes_on_where_it_stopped(reader, monkeypatch):
    write, written = building.write_lists, []

    def stop_at_the_third(path, *rest):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path)
        write(path, *rest)

    monkeypatch.setattr(building, "write_lists", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        make_lists(reader.path)
    assert opened(reader) is None
    assert verify_index(reader.path).sound
    done = files(reader.path)
    assert len(done) == 2
    monkeypatch.setattr(building, "write_lists", write)
    assert make_lists(reader.path)["n_shards_kept"] == 2
    assert done.items() <= files(reader.path).items()
    assert opened(reader)[1] is not None


def test_an_index_of_bytes_alone_gets_lists_of_its_rounded_rows(tmp_path):
    made = build_index(library(tmp_path / "p", 300), FakeEncoder(), tmp_path / "i", dtype="int8")
    make_lists(made.path, lists=4)
    _, found = opened(made)
    query = found.joint.queries(made.embeddings(0)[7:8], made.fingerprints(0)[7:8], (1.0, 1.0))
    assert 7 in found.candidates(query, probes=4, depth=30)


def test_two_builds_make_equal_files(reader, tmp_path):
    other = indexed(tmp_path / "other")
    for path in (reader.path, other.path):
        make_lists(path)
    assert read_about(reader.path) == read_about(other.path)


def test_a_full_disk_is_one_line_that_names_the_file(reader, monkeypatch):
    def refuse(index, path):
        raise RuntimeError(f"Error: write error in {path}: 0 != 9 (No space left on device)")

    monkeypatch.setattr(lists.faiss(), "write_index", refuse)
    with pytest.raises(MolSearchError, match=r"lists-\w+\.faiss.*repeat the command"):
        make_lists(reader.path)
    assert not list(folder_of(reader.path).glob(".*.tmp-*"))
    assert opened(reader) is None


@pytest.mark.parametrize("damage", ["cut", "exchanged", "gone", "about"])
def test_damage_is_one_line_with_the_command_that_mends_it(reader, damage):
    make_lists(reader.path)
    path = sorted(folder_of(reader.path).glob("lists-*.faiss"))[0]
    content = path.read_bytes()
    if damage == "about":
        path = folder_of(reader.path) / ABOUT
        path.write_text(path.read_text().replace('"generation": 1', '"generation": 7'))
    elif damage == "cut":
        path.write_bytes(content[:-500])
    elif damage == "exchanged":
        path.write_bytes(b"\0" * len(content))
    else:
        path.unlink()
    again = open_index(reader.path)
    with pytest.raises(IndexCorruptError) as caught:
        opened(again)
    line = str(caught.value)
    assert path.name in line
    assert "\n" not in line
    assert line.endswith(f"molsearch index ann -i {reader.path} --overwrite")
    assert not verify_index(reader.path).sound
    make_lists(reader.path, overwrite=True)
    assert opened(again)[1] is not None


def test_a_changed_byte_in_the_middle_is_found_by_verify(reader):
    make_lists(reader.path)
    path = max(folder_of(reader.path).glob("lists-*.faiss"), key=lambda one: one.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert [path.name in one for one in verify_index(reader.path).problems] == [True]


def test_without_faiss_a_line_says_what_to_install(reader, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    with pytest.raises(UsageError, match=r"pip install 'molsearch\[ann\]'"):
        make_lists(reader.path)


def test_more_lists_than_rows_are_refused(reader):
    with pytest.raises(UsageError, match="901 lists for 900 rows; give fewer"):
        make_lists(reader.path, lists=901)


@pytest.mark.parametrize(("rows", "due"), [(1, 1), (1_000, 8), (10_000_000, 4096), (10**9, 32768)])
def test_the_usual_number_of_lists_follows_the_root_of_the_rows(rows, due):
    assert usual_lists(rows) == due
