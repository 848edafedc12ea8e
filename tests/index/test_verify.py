"""Verifying finds every flipped bit; cleaning removes only what no reader needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEncoder, library

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.blocks import BlockSums, block_sums
from molsearch.index.files import describe
from molsearch.index.layout import BLOCKS
from molsearch.index.manifest import Manifest, commit
from molsearch.index.models import read_model, write_model
from molsearch.index.reader import open_index
from molsearch.index.verify import clean, verify_index
from molsearch.index.writer import build_index
from molsearch.store.lock import writer_lock


@pytest.fixture
def made(tmp_path) -> Path:
    build_index(
        library(tmp_path / "p", 400, bad_every=9), FakeEncoder(), tmp_path / "i", shard_rows=150
    )
    return tmp_path / "i"


def test_a_sound_index_has_no_problems(made):
    report = verify_index(made)
    assert report.sound
    assert report.n_files == 3 * 5 + 2
    assert report.n_molecules == 356
    assert report.n_bytes > 356 * (32 + 256)


def test_every_flipped_bit_of_every_file_is_found(made):
    rng = np.random.default_rng(5)
    files = [path for path in made.rglob("shard-*/*") if path.suffix in (".npy", ".parquet")]
    files.append(made / "generations/000001/failures.parquet")
    found = 0
    for path in files:
        whole = path.read_bytes()
        for place in rng.integers(0, len(whole), 40):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << int(rng.integers(0, 8))
            path.write_bytes(damaged)
            problems = verify_index(made).problems
            found += any(path.name in problem for problem in problems)
        path.write_bytes(whole)
    assert found == 40 * len(files)
    assert verify_index(made).sound


def test_all_problems_are_named_not_only_the_first(made):
    for shard in ("shard-00000", "shard-00002"):
        (made / "generations/000001" / shard / "ecfp4.npy").write_bytes(b"")
    problems = verify_index(made).problems
    assert len(problems) == 2
    assert "shard-00000" in problems[0]
    assert "shard-00002" in problems[1]


def test_a_damaged_head_is_a_problem_even_where_a_copy_would_serve(made):
    (made / "manifest.json").write_bytes(b"{}")
    assert not verify_index(made).sound
    assert (made / "generations/000001/manifest.json").exists()


def test_a_nan_embedding_behind_fitting_checksums_is_found(made):
    path = made / "generations/000001/shard-00000/embeddings.npy"
    array = np.load(path)
    array[3] = np.nan
    np.save(path, array)
    manifest = read_model(made / "manifest.json", Manifest)
    shard = manifest.shards[0]
    blocks = read_model(path.with_name(BLOCKS), BlockSums)
    sums = blocks.model_copy(update={"files": {**blocks.files, path.name: block_sums(path)}})
    write_model(path.with_name(BLOCKS), sums)
    forged = {one.name: describe(one) for one in (path, path.with_name(BLOCKS))}
    files = {**shard.files, **forged}
    changed = shard.model_copy(update={"files": files})
    commit(made, manifest.model_copy(update={"shards": (changed, *manifest.shards[1:])}))
    assert verify_index(made).problems == [f"shard 0 of {made} holds a NaN embedding"]


def test_clean_removes_older_generations_and_leftovers(made, tmp_path):
    build_index(library(tmp_path / "q", 50), FakeEncoder(), made, overwrite=True)
    (made / ".manifest.json.tmp-1-ab").write_text("x")
    (made / "generations/000002/shard-00000/.records.parquet.tmp-1-ab").write_text("x")
    (made / "notes.txt").write_text("mine")
    assert len(clean(made)) == 3
    assert sorted(one.name for one in (made / "generations").iterdir()) == ["000002"]
    assert not list(made.rglob(".*.tmp-*"))
    assert (made / "notes.txt").exists()
    assert open_index(made).n_rows == 50


def test_clean_removes_nothing_where_the_newest_generation_is_damaged(made, tmp_path):
    build_index(library(tmp_path / "q", 50), FakeEncoder(), made, overwrite=True)
    next(made.rglob("000002/shard-00000/embeddings.npy")).write_bytes(b"")
    with pytest.raises(IndexCorruptError, match="nothing was removed"):
        clean(made)
    assert (made / "generations/000001").is_dir()


def test_clean_waits_for_no_writer(made):
    with writer_lock(made), pytest.raises(UsageError, match="is being written by process"):
        clean(made)
