"""Folders that killed runs left: each verb calls them what they are, none destroys another's."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from molsearch.data.prepared_manifest import read_manifest, write_manifest


@pytest.fixture
def killed_set(world, tmp_path) -> Path:
    """The prepared set as a run leaves it that was killed before its end."""
    folder = Path(shutil.copytree(world.prepared, tmp_path / "p"))
    write_manifest(folder, read_manifest(folder).model_copy(update={"complete": False}))
    (folder / ".writer.json").write_text('{"pid": 1, "host": "x"}')
    return folder


@pytest.fixture
def killed_index(world, tmp_path) -> Path:
    """The index as a run leaves it that was killed before its first commit."""
    folder = Path(shutil.copytree(world.index, tmp_path / "i"))
    for manifest in (folder / "manifest.json", folder / "generations/000001/manifest.json"):
        manifest.unlink()
    (folder / ".writer.json").write_text('{"pid": 1, "host": "x"}')
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_no_verb_takes_a_killed_prepared_set_for_its_own(molsearch, world, killed_set, tmp_path):
    before = contents(killed_set)
    encoder = ("--encoder", world.encoder)
    for command, code, words in (
        (("index", world.library, "-o", killed_set, *encoder), 2, "an unfinished prepared set"),
        (
            ("index", world.library, "-o", killed_set, "--overwrite", *encoder),
            2,
            "an unfinished prepared set",
        ),
        (("index", killed_set, "-o", tmp_path / "new", *encoder), 3, "is unfinished"),
        (("screen", "-q", "CCO", "-i", killed_set, "-o", tmp_path / "h.csv"), 3, "prepared set"),
        (("screen", "-q", "CCO", "-l", killed_set, "-o", tmp_path / "h.csv"), 2, "prepared set"),
        (("prepare", killed_set, "-o", tmp_path / "new"), 2, "index it with"),
        (("verify", killed_set, "--clean"), 2, "an unfinished prepared set"),
    ):
        result = molsearch(*command)
        assert (result.code, words in result.line) == (code, True), result.err
    assert contents(killed_set) == before


def test_an_index_is_no_library_and_no_place_for_a_prepared_set(molsearch, world, tmp_path):
    for command, words in (
        (("prepare", world.index, "-o", tmp_path / "p"), "screen -i"),
        (("prepare", world.library, "-o", world.index, "--overwrite"), "is an index"),
        (("prepare", world.library, "-o", world.encoder, "--overwrite"), "is an encoder"),
    ):
        result = molsearch(*command)
        assert (result.code, words in result.line) == (2, True), result.err


def test_a_killed_prepared_set_is_called_unfinished(molsearch, killed_set):
    facts = json.loads(molsearch("info", killed_set, "--json").out)
    assert (facts["kind"], facts["complete"], facts["n_in"]) == ("prepared set", False, 12)
    result = molsearch("verify", killed_set, "--json")
    assert result.code == 3
    assert "unfinished prepared set (12 records so far): what there is is sound" in result.line
    summary = json.loads(result.out)
    assert (summary["complete"], summary["problems"]) == (False, [])
    path = killed_set / "shards" / "records-00000.parquet"
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    assert molsearch("verify", killed_set).code == 4


def test_a_killed_index_is_called_unfinished(molsearch, world, killed_index, tmp_path):
    facts = json.loads(molsearch("info", killed_index, "--json").out)
    assert (facts["kind"], facts["complete"]) == ("index", False)
    assert (facts["n_embedded"], facts["n_to_embed"]) == (11, 11)
    result = molsearch("verify", killed_index)
    assert result.code == 3
    assert "unfinished index (11 of 11 molecules embedded): what there is is sound" in result.line
    result = molsearch("screen", "-q", "CCO", "-i", killed_index, "-o", tmp_path / "h.csv")
    assert (result.code, "unfinished" in result.line) == (3, True)
    next(killed_index.rglob("ecfp4.npy")).write_bytes(b"")
    assert molsearch("verify", killed_index).code == 4


def test_an_index_killed_while_it_prepares_is_unfinished_too(molsearch, killed_set, tmp_path):
    (tmp_path / "i").mkdir()
    killed_set.rename(tmp_path / "i" / "prepared")
    facts = json.loads(molsearch("info", tmp_path / "i", "--json").out)
    assert (facts["complete"], facts["n_prepared"], facts["n_to_embed"]) == (False, 12, 0)
    result = molsearch("verify", tmp_path / "i")
    assert (result.code, "12 records prepared, none embedded" in result.line) == (3, True)


def test_what_a_kill_left_at_its_first_step_is_in_nobodys_way(molsearch, world, tmp_path):
    (tmp_path / "i").mkdir()
    for name in (".lock", ".writer.json", ".manifest.json.tmp-7-ab12"):
        (tmp_path / "i" / name).write_text("")
    assert molsearch("info", tmp_path / "i").code == 3
    result = molsearch("index", world.prepared, "-o", tmp_path / "i", "--encoder", world.encoder)
    assert result.code == 0, result.err


@pytest.mark.parametrize("what", ["prepared", "index", "encoder"])
def test_a_pipe_for_a_head_is_one_line_and_no_waiting(molsearch, world, tmp_path, what):
    folder = Path(shutil.copytree(getattr(world, what), tmp_path / "x"))
    heads = [*folder.glob("manifest.json"), *folder.glob("generations/*/manifest.json")]
    for head in heads or [folder / "card.json"]:
        head.unlink()
        os.mkfifo(head)
    result = molsearch("info", folder)
    assert result.code in (3, 4)
    assert result.line


@pytest.mark.parametrize("what", ["prepared", "index"])
def test_a_link_among_our_files_is_refused(molsearch, world, tmp_path, what):
    folder = Path(shutil.copytree(getattr(world, what), tmp_path / "x"))
    inner = folder / ("shards" if what == "prepared" else "generations/000001/shard-00000")
    inner.rename(tmp_path / "elsewhere")
    inner.symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in molsearch("verify", folder).err
    inner.unlink()
    (tmp_path / "elsewhere").rename(inner)
    file = next(path for path in inner.iterdir() if path.name.startswith("records"))
    file.rename(tmp_path / "file")
    file.symlink_to(tmp_path / "file")
    result = molsearch("verify", folder)
    assert (result.code, "symbolic link" in result.err) == (4, True)
    assert molsearch("verify", tmp_path / "x").code == 4
