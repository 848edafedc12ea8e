"""A bit that flips in an index is told or changes nothing, without any verifying beforehand."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEncoder, library

from molsearch import schema
from molsearch.errors import IndexCorruptError
from molsearch.index.blocks import BLOCK_BYTES
from molsearch.index.layout import BLOCKS, EMBEDDINGS
from molsearch.index.manifest import Manifest, commit
from molsearch.index.models import read_model
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.writer import build_index
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import search

N = 1500


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    # Long vectors, so that a shard has several blocks, and its middle lies outside the edges.
    build_index(library(folder / "p", N), FakeEncoder(dim=256), folder / "i", shard_rows=1000)
    return folder / "i"


def queries() -> QuerySet:
    vectors = np.random.default_rng(7).standard_normal((3, 256)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return QuerySet(vectors, np.arange(3))


def answer(path: Path) -> tuple[list[tuple[object, ...]], bytes, bytes]:
    """Every hit with all its columns, score and fingerprint."""
    reader = open_index(path)
    found = search(reader, queries(), N)
    rows = reader.take(found.shards, found.rows).to_pylist()
    prints = [
        reader.checked_fingerprints(int(s)).take(found.rows[found.shards == s])
        for s in range(reader.n_shards)
    ]
    return (
        [tuple(row.values()) for row in rows],
        found.scores.tobytes(),
        b"".join(one.tobytes() for one in prints),
    )


def answer_or_error(path: Path) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return answer(path)
    except IndexCorruptError as error:
        return str(error)


def test_no_flipped_bit_changes_an_answer_in_silence(made, tmp_path):
    right = answer(made)
    rng = np.random.default_rng(11)
    told = 0
    for name in ("embeddings.npy", "ecfp4.npy", "records.parquet", "ranks.npy", "blocks.json",
                 "shard.json"):  # fmt: skip
        for _ in range(30):
            copy = Path(shutil.copytree(made, tmp_path / "i"))
            path = next(copy.rglob(f"shard-00000/{name}"))
            content = bytearray(path.read_bytes())
            content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
            path.write_bytes(content)
            found = answer_or_error(copy)
            assert found == right or (isinstance(found, str) and name in found)
            told += isinstance(found, str)
            shutil.rmtree(copy)
    # All but those of shard.json, which is for the writer.
    assert told == 150


def test_a_block_is_compared_once_a_process_and_anew_when_its_file_changes(made, tmp_path):
    copy = Path(shutil.copytree(made, tmp_path / "i"))
    path = next(copy.rglob("shard-00000/embeddings.npy"))
    place = 3 * BLOCK_BYTES + 1000
    reader = open_index(copy)
    row = (place - 128) // 512
    assert len(reader.checked_embeddings(0).rows(row, row + 1)) == 1

    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)
    altered = open_index(copy).checked_embeddings(0)
    assert len(altered.rows(0, 10)) == 10
    for look in (lambda: altered.rows(row, row + 1), lambda: altered.take(np.array([row]))):
        with pytest.raises(IndexCorruptError, match=r"embeddings\.npy was altered"):
            look()


def test_a_row_across_two_blocks_is_compared_in_both(made, tmp_path):
    copy = Path(shutil.copytree(made, tmp_path / "i"))
    path = next(copy.rglob("shard-00000/embeddings.npy"))
    # Rows of 512 bytes after a header of 128: one lies across each border.
    assert path.stat().st_size == 128 + 1000 * 512
    across = (BLOCK_BYTES - 128) // 512
    for place in (BLOCK_BYTES - 1, BLOCK_BYTES):
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)
        with pytest.raises(IndexCorruptError, match="was altered"):
            open_index(copy).checked_embeddings(0).take(np.array([across]))
        content[place] ^= 1
        path.write_bytes(content)
    assert len(open_index(copy).checked_embeddings(0).take(np.array([across]))) == 1


def test_an_index_from_before_the_sums_opens_and_answers(made, tmp_path):
    copy = Path(shutil.copytree(made, tmp_path / "i"))
    manifest = read_model(copy / "manifest.json", Manifest)
    shards = []
    for shard in manifest.shards:
        (copy / shard.folder / BLOCKS).unlink()
        files = {name: entry for name, entry in shard.files.items() if name != BLOCKS}
        shards.append(shard.model_copy(update={"files": files}))
    commit(copy, manifest.model_copy(update={"shards": tuple(shards)}))
    assert answer(copy) == answer(made)


@pytest.mark.parametrize(
    "files",
    [
        lambda files: {**files, "../../../secret.npy": files[EMBEDDINGS]},
        lambda files: {**files, "/etc/passwd": files[EMBEDDINGS]},
        lambda files: {name: entry for name, entry in files.items() if name != EMBEDDINGS},
    ],
)
def test_a_manifest_names_the_files_of_its_shards_alone(made, tmp_path, files):
    copy = Path(shutil.copytree(made, tmp_path / "i"))
    manifest = read_model(copy / "manifest.json", Manifest)
    first = manifest.shards[0]
    forged = first.model_copy(update={"files": files(first.files)})
    commit(copy, manifest.model_copy(update={"shards": (forged, *manifest.shards[1:])}))
    with pytest.raises(IndexCorruptError, match="damaged"):
        open_index(copy)


@pytest.mark.parametrize("shards", [lambda s: (), lambda s: (s[0], s[0]), lambda s: (s[1], s[0])])
def test_an_empty_or_doubled_list_of_shards_is_refused_whatever_its_checksum(
    made, tmp_path, shards
):
    copy = Path(shutil.copytree(made, tmp_path / "i"))
    manifest = read_model(copy / "manifest.json", Manifest)
    listed = shards(manifest.shards)
    n_ok = sum(shard.n_rows for shard in listed)
    commit(copy, manifest.model_copy(update={"shards": listed, "n_ok": n_ok, "n_in": n_ok}))
    with pytest.raises(IndexCorruptError, match="damaged"):
        open_index(copy)


def test_rows_are_the_rows(made):
    reader: IndexReader = open_index(made)
    plain = reader.embeddings(1)
    checked = reader.checked_embeddings(1)
    assert len(checked) == len(plain) == 500
    assert np.array_equal(checked.rows(490, 600), plain[490:])
    assert np.array_equal(checked.take(np.array([3, 499, 3])), plain[[3, 499, 3]])
    assert reader.records(1).read([schema.MOLECULE_ID]).num_rows == 500
