"""Opening an index: scattered rows, damage, generations."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEncoder, library
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molsearch.errors import EncoderMismatchError, IndexCorruptError, InputError
from molsearch.index import shard_files
from molsearch.index.reader import open_index
from molsearch.index.writer import build_index


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    build_index(
        library(folder / "p", 2500, bad_every=50), FakeEncoder(), folder / "i", shard_rows=900
    )
    return folder / "i"


@pytest.fixture
def copy(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "i")
    return tmp_path / "i"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.integers(0, 2449), max_size=60))
def test_take_gives_any_rows_in_any_order(made, rows):
    reader = open_index(made)
    starts = np.concatenate([[0], np.cumsum(reader.shard_rows)])
    shards = np.searchsorted(starts, rows, side="right") - 1
    places = np.array(rows, dtype=np.int64) - starts[shards]
    found = reader.take(shards, places, ["molecule_id", "record_number"])
    every = [n for n in range(1, 2501) if n % 50]
    assert found.column("record_number").to_pylist() == [every[row] for row in rows]
    assert found.column_names == ["molecule_id", "record_number"]


def test_what_is_no_index_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"no index at .*nothing"):
        open_index(tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.csv").write_text("x")
    for name in ("folder", "file.csv"):
        with pytest.raises(InputError, match="is not an index; make one with"):
            open_index(tmp_path / name)


def test_another_encoder_is_refused_even_where_dimensions_agree(made):
    with pytest.raises(EncoderMismatchError, match="was made by encoder"):
        open_index(made, identity=FakeEncoder("other").identity)
    assert open_index(made, identity=FakeEncoder().identity).dim == 16


def test_strangers_and_leftovers_in_the_folder_are_ignored(copy):
    for name in (
        ".DS_Store",
        ".manifest.json.tmp-1-ab",
        "notes.txt",
        "generations/x",
        "generations/12",
    ):
        (copy / name).write_text("stray")
    (copy / "generations" / "000009").mkdir()
    (copy / "generations" / "000001" / "shard-00000" / ".records.parquet.tmp-9-ff").write_text("x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_index(copy).n_rows == 2450


def test_a_head_damaged_anywhere_is_replaced_by_its_copy_with_a_warning(copy):
    whole = (copy / "manifest.json").read_bytes()
    for length in range(0, len(whole) - 1, 7):
        (copy / "manifest.json").write_bytes(whole[:length])
        with pytest.warns(UserWarning, match="its copy in generation 1 is used"):
            assert open_index(copy).n_rows == 2450


def test_a_manifest_cut_anywhere_without_a_copy_is_corrupt_never_empty(copy):
    whole = (copy / "manifest.json").read_bytes()
    (copy / "generations/000001/manifest.json").unlink()
    for length in range(len(whole) - 1):
        (copy / "manifest.json").write_bytes(whole[:length])
        with pytest.raises(IndexCorruptError, match="manifest"):
            open_index(copy)


def test_every_flipped_bit_of_a_manifest_is_noticed_or_changes_nothing(copy):
    whole = (copy / "manifest.json").read_bytes()
    (copy / "generations/000001/manifest.json").unlink()
    meaning = json.loads(whole)
    noticed = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        (copy / "manifest.json").write_bytes(damaged)
        try:
            assert open_index(copy).n_rows == 2450
            assert json.loads(damaged) == meaning  # white space only
        except IndexCorruptError:
            noticed += 1
    assert noticed > 0.6 * len(whole)


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m.update(n_ok=m["n_ok"] + 1),
        lambda m: m["shards"].pop(),
        lambda m: m["shards"][0].update(folder="../../etc"),
        lambda m: m["plan"].update(dim=8),
        lambda m: m.update(surprise=1),
        lambda m: m.update(shards="none"),
        lambda m: m["plan"].update(encoder="0" * 64),
    ],
)
@pytest.mark.parametrize("sealed", [False, True])
def test_an_edited_manifest_is_refused(copy, edit, sealed):
    from molsearch.io.hashing import sha256_json

    (copy / "generations/000001/manifest.json").unlink()
    content = json.loads((copy / "manifest.json").read_text())
    edit(content)
    if sealed:  # even with a fitting checksum, it must add up and stay inside the folder
        content.pop("checksum")
        if content["plan"]["encoder"] == "0" * 64:
            return
        content["checksum"] = sha256_json(content)
    (copy / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(IndexCorruptError):
        open_index(copy)


def test_a_newer_format_is_named_as_such(copy):
    content = json.loads((copy / "manifest.json").read_text())
    content["plan"]["format_version"] = 99
    (copy / "generations/000001/manifest.json").unlink()
    (copy / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(IndexCorruptError, match=r"newer than this molsearch reads.*upgrade"):
        open_index(copy)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{" * 5000, b"\xff\xfe", b"[" * 100_000])
def test_nonsense_in_place_of_a_manifest_is_corrupt(copy, content):
    (copy / "generations/000001/manifest.json").write_bytes(content)
    (copy / "manifest.json").write_bytes(content)
    with pytest.raises(IndexCorruptError):
        open_index(copy)


FILES = ["embeddings.npy", "ecfp4.npy", "records.parquet"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut", "grown", "missing", "zeros", "emptied"])
def test_a_file_of_another_size_or_content_at_its_edges_is_found_when_opening(copy, name, damage):
    path = copy / "generations/000001/shard-00001" / name
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {
                "cut": whole[:-1],
                "grown": whole + b"\0",
                "zeros": b"\0" * len(whole),
                "emptied": b"",
            }[damage]
        )
    with pytest.raises(IndexCorruptError, match=rf"{name}.*--overwrite"):
        open_index(copy)


@pytest.mark.parametrize("name", FILES)
def test_exchanged_files_are_found_when_opening(copy, name):
    first = copy / "generations/000001/shard-00000" / name
    second = copy / "generations/000001/shard-00001" / name
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    with pytest.raises(IndexCorruptError, match="shard-0000"):
        open_index(copy)


def test_arrays_of_objects_are_never_unpickled(copy, tmp_path):
    path = copy / "generations/000001/shard-00000/embeddings.npy"
    reader = open_index(copy)
    canary = tmp_path / "canary"

    class Bomb:
        def __reduce__(self):
            return (Path.touch, (canary,))

    np.save(path, np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(IndexCorruptError):
        reader.embeddings(0)
    assert not canary.exists()


def test_records_that_cannot_be_decoded_are_corruption(copy):
    reader = open_index(copy)
    path = copy / "generations/000001/shard-00000/records.parquet"
    content = bytearray(path.read_bytes())
    content[100:20000] = b"\xff" * 19900
    path.write_bytes(content)
    with pytest.raises(IndexCorruptError, match=r"records\.parquet was altered"):
        reader.take(np.zeros(3, int), np.arange(3))


def two_generations(folder: Path, *, same: bool) -> Path:
    first = library(folder / "p", 100)
    second = first if same else library(folder / "q", 120)
    build_index(first, FakeEncoder(), folder / "i")
    build_index(second, FakeEncoder(), folder / "i", overwrite=True)
    return folder / "i"


def test_a_damaged_generation_falls_back_to_the_one_before_of_the_same_library(tmp_path):
    path = two_generations(tmp_path, same=True)
    next(path.rglob("000002/shard-00000/embeddings.npy")).write_bytes(b"")
    with pytest.warns(UserWarning, match="generation 1, of the same library and encoder"):
        reader = open_index(path)
    assert (reader.manifest.generation, reader.n_rows) == (1, 100)


def test_a_damaged_generation_never_falls_back_to_another_library(tmp_path):
    path = two_generations(tmp_path, same=False)
    next(path.rglob("000002/shard-00000/embeddings.npy")).write_bytes(b"")
    with pytest.raises(IndexCorruptError, match="embeddings"):
        open_index(path)


def test_a_damaged_generation_never_falls_back_to_another_encoder(tmp_path):
    prepared = library(tmp_path / "p", 100)
    build_index(prepared, FakeEncoder(), tmp_path / "i")
    build_index(prepared, FakeEncoder("new"), tmp_path / "i", overwrite=True)
    next((tmp_path / "i").rglob("000002/shard-00000/ecfp4.npy")).write_bytes(b"")
    with pytest.raises(IndexCorruptError, match="ecfp4"):
        open_index(tmp_path / "i")


def test_both_manifests_of_the_newest_generation_damaged_is_corrupt_not_the_older_one(tmp_path):
    path = two_generations(tmp_path, same=False)
    (path / "manifest.json").write_bytes(b"")
    (path / "generations/000002/manifest.json").write_bytes(b"{")
    with pytest.raises(IndexCorruptError):
        open_index(path)


def test_both_generations_damaged_is_corrupt(tmp_path):
    path = two_generations(tmp_path, same=True)
    for one in path.rglob("shard-00000/embeddings.npy"):
        one.write_bytes(b"")
    with pytest.raises(IndexCorruptError):
        open_index(path)


@pytest.mark.parametrize("room", [0, 1, 2, 9])
def test_as_many_shards_stay_mapped_as_there_is_room_for(made, monkeypatch, room):
    monkeypatch.setattr(shard_files, "KEPT_MAPPED", 900 * 256 * room)
    reader = open_index(made)
    shards = range(reader.n_shards)
    first = [reader.checked_fingerprints(shard) for shard in shards]
    again = [reader.checked_fingerprints(shard) for shard in shards]
    stayed = [one is other for one, other in zip(first, again, strict=True)]
    assert stayed == [shard < room for shard in shards]
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.array, other.array)
