"""One function tells what a folder is, from whatever a killed run may have left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fakes import FakeEncoder, library

from molsearch.index.writer import build_index
from molsearch.io.folders import Found, Kind, look

PREPARED = '{"format": "molsearch-prepared", "complete": %s}'
INDEX = '{"format": "molsearch-index"}'

# What lies in a folder, and what it is.
CASES: dict[str, tuple[dict[str, str], Found]] = {
    "nothing in it": ({}, Found(Kind.EMPTY)),
    "lock of a killed run": ({".lock": "", ".writer.json": "{}"}, Found(Kind.EMPTY)),
    "its temporary file": ({".lock": "", ".manifest.json.tmp-12-ab01": "{"}, Found(Kind.EMPTY)),
    "prepared set": ({"manifest.json": PREPARED % "true"}, Found(Kind.PREPARED)),
    "killed prepared set": (
        {
            "manifest.json": PREPARED % "false",
            "shards/records-00000.parquet": "",
            ".writer.json": "",
        },
        Found(Kind.PREPARED, finished=False),
    ),
    "prepared set with a damaged head": (
        {"manifest.json": "{", "shards/x": "", ".writer.json": "{}"},
        Found(Kind.PREPARED, finished=False),
    ),
    "damaged head alone": ({"manifest.json": ""}, Found(Kind.PREPARED, finished=False)),
    "index": ({"manifest.json": INDEX, "generations/000001/x": ""}, Found(Kind.INDEX)),
    "index with a damaged head": (
        {"manifest.json": "{", "generations/000001/plan.json": ""},
        Found(Kind.INDEX),
    ),
    "killed index": ({"generations/000001/plan.json": ""}, Found(Kind.INDEX, finished=False)),
    "whole generation without a head": (
        {"generations/000001/manifest.json": ""},
        Found(Kind.INDEX),
    ),
    "index of raw files, killed while preparing": (
        {"prepared/manifest.json": PREPARED % "false"},
        Found(Kind.INDEX, finished=False),
    ),
    "the same, at its first step": ({"prepared/.lock": "", ".lock": ""}, Found(Kind.EMPTY)),
    "encoder": ({"card.json": '{"format": "molsearch-encoder-1"}'}, Found(Kind.ENCODER)),
    "killed training": ({"checkpoint.safetensors": ""}, Found(Kind.ENCODER, finished=False)),
    "files of a user": ({"mine.smi": "C"}, Found(Kind.OTHER)),
    "somebody else's manifest": ({"manifest.json": '{"name": "x"}'}, Found(Kind.OTHER)),
    "a user's folder of the same name": ({"prepared/mine.smi": "C"}, Found(Kind.OTHER)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_folder_is_what_is_in_it(tmp_path: Path, name: str) -> None:
    files, found = CASES[name]
    for inner, content in files.items():
        (tmp_path / "f" / inner).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / inner).write_text(content)
    (tmp_path / "f").mkdir(exist_ok=True)
    assert look(tmp_path / "f") == found


def test_what_is_no_folder(tmp_path: Path) -> None:
    assert look(tmp_path / "nowhere") == Found(Kind.NOTHING)
    (tmp_path / "file").write_text("x")
    assert look(tmp_path / "file") == Found(Kind.FILE)
    (tmp_path / "leads nowhere").symlink_to(tmp_path / "gone")
    assert look(tmp_path / "leads nowhere") == Found(Kind.NOTHING)


def test_what_is_made_is_what_it_was_made_as(tmp_path: Path) -> None:
    prepared = library(tmp_path / "p", 20)
    build_index(prepared, FakeEncoder(), tmp_path / "i")
    assert look(tmp_path / "p") == Found(Kind.PREPARED)
    assert look(tmp_path / "i") == Found(Kind.INDEX)


@pytest.mark.parametrize("name", ["manifest.json", "card.json"])
def test_a_pipe_does_not_make_it_wait(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert look(tmp_path).kind in (Kind.PREPARED, Kind.OTHER)


def test_words_fit_a_message() -> None:
    assert str(Found(Kind.PREPARED)) == "a prepared set"
    assert str(Found(Kind.INDEX, finished=False)) == "an unfinished index"
