"""Documents with a checksum: their bytes are what they always were, and a changed one is found."""

from __future__ import annotations

import json

import pytest
from fakes import FakeEncoder, library
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.index.writer import build_index
from molsearch.io.hashing import sha256_json
from molsearch.store.sealed import SealError, read_sealed, write_sealed


def look(_):
    """See nothing wrong."""


def test_the_bytes_of_a_document_are_pinned(tmp_path):
    write_sealed(tmp_path / "d.json", {"b": 1, "a": [None, "ü", 0.5]})
    assert (tmp_path / "d.json").read_text(encoding="utf-8") == (
        '{\n "b": 1,\n "a": [\n  null,\n  "\\u00fc",\n  0.5\n ],\n "checksum": '
        '"7971f5c4b92fd6b432ad027fda2cd705a76d90094439a157919c8163050a6630"\n}\n'
    )
    assert read_sealed(tmp_path / "d.json", look) == {"b": 1, "a": [None, "ü", 0.5]}


def test_manifests_of_prepared_sets_and_indexes_are_such_documents(tmp_path):
    build_index(library(tmp_path / "p", 20), FakeEncoder(), tmp_path / "i")
    keys = {
        tmp_path / "p/manifest.json": "format version run complete shards reading",
        tmp_path / "i/manifest.json": "format generation plan card library n_in n_ok n_failed "
        "shards failures n_dropped changes part",
        tmp_path / "i/generations/000001/plan.json": "format_version library encoder dim dtype "
        "shard_rows n_rows change",
        tmp_path / "i/generations/000001/shard-00000/shard.json": "folder n_rows n_failed files "
        "recall",
    }
    for path, names in keys.items():
        text = path.read_text(encoding="utf-8")
        found = json.loads(text)
        assert text == json.dumps(found, indent=1) + "\n"
        assert list(found) == [*names.split(), "checksum"]
        assert found.pop("checksum") == sha256_json(found)


@settings(max_examples=80, deadline=None)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_no_flipped_bit_is_read_as_something_else(tmp_path_factory, place, bit):
    path = tmp_path_factory.mktemp("sealed") / "d.json"
    body = {"n": 12, "names": ["a", "b"], "inner": {"x": 1.5, "y": None}}
    write_sealed(path, body)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1 << bit
    path.write_bytes(content)
    try:
        found = read_sealed(path, look)
    except (ValueError, TypeError):
        return
    assert found == body  # white space between the values


@pytest.mark.parametrize(
    ("text", "error"),
    [("[]", TypeError), ("{", ValueError), ("{}", SealError), ('{"checksum": "0"}', SealError)],
)
def test_what_is_no_such_document_is_told_apart(tmp_path, text, error):
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(error):
        read_sealed(tmp_path / "d.json", look)


def test_a_look_comes_before_the_checksum(tmp_path):
    (tmp_path / "d.json").write_text('{"version": 9}')

    def newer(found):
        raise RuntimeError(f"version {found['version']}")

    with pytest.raises(RuntimeError, match="version 9"):
        read_sealed(tmp_path / "d.json", newer)
