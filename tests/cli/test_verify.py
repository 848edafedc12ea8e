"""``molsearch verify``: sound or exit 4, with every problem named."""

from __future__ import annotations

import json
import shutil

import pytest


@pytest.fixture
def index(world, tmp_path):
    shutil.copytree(world.index, tmp_path / "i")
    return tmp_path / "i"


def test_sound_things_are_said_to_be_sound(molsearch, world):
    for path, kind in ((world.index, "index"), (world.prepared, "prepared set")):
        result = molsearch("verify", path)
        assert result.code == 0
        assert f"{kind} of 11 molecules is sound" in result.err
    summary = json.loads(molsearch("verify", world.index, "--json", "-q").out)
    assert summary["problems"] == []
    assert summary["n_files"] == 7


@pytest.mark.parametrize(
    "name", ["embeddings.npy", "ecfp4.npy", "records.parquet", "failures.parquet"]
)
def test_one_flipped_bit_is_exit_4(molsearch, index, name):
    path = next(index.rglob(name))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    result = molsearch("verify", index)
    assert result.code == 4
    assert name in result.line


def test_all_problems_are_told_and_in_json(molsearch, index):
    for name in ("embeddings.npy", "ecfp4.npy"):
        next(index.rglob(name)).write_bytes(b"")
    result = molsearch("verify", index, "--json")
    assert result.code == 4
    assert len(json.loads(result.out)["problems"]) == 2
    assert "embeddings.npy" in result.err
    assert "ecfp4.npy" in result.err


def test_a_damaged_prepared_set_is_exit_4(molsearch, world, tmp_path):
    shutil.copytree(world.prepared, tmp_path / "p")
    path = tmp_path / "p" / "shards" / "records-00000.parquet"
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    assert molsearch("verify", tmp_path / "p").code == 4


def test_what_is_neither_is_exit_3(molsearch, tmp_path):
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "nowhere", tmp_path / "folder"):
        assert molsearch("verify", path).code == 3


def test_clean_says_what_it_removed(molsearch, world, index):
    (index / ".manifest.json.tmp-1-ab").write_text("x")
    result = molsearch("verify", index, "--clean")
    assert result.code == 0
    assert "removed .manifest.json.tmp-1-ab" in result.err
    result = molsearch("verify", world.prepared, "--clean")
    assert result.code == 2
