"""``molsearch info``: prepared sets, indexes, encoders."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("what", "facts"),
    [
        ("prepared", {"kind": "prepared set", "n_in": 12, "n_ok": 11, "complete": True}),
        ("index", {"kind": "index", "n_in": 12, "n_ok": 11, "dim": 256, "generation": 1}),
        ("encoder", {"kind": "encoder", "dim": 256, "background": 200, "name": "untrained-1"}),
    ],
)
def test_facts_as_json_and_as_text(molsearch, world, what, facts):
    path = getattr(world, what)
    result = molsearch("info", path, "--json")
    assert result.code == 0
    found = json.loads(result.out)
    assert {name: found[name] for name in facts} == facts
    text = molsearch("info", path).out
    assert f"kind{'':<1}" in text
    assert facts["kind"] in text


def test_an_index_names_its_encoder_and_sources(molsearch, world):
    index = json.loads(molsearch("info", world.index, "--json").out)
    encoder = json.loads(molsearch("info", world.encoder, "--json").out)
    assert index["encoder"] == encoder["identity"]
    assert index["sources"] == [str(world.library)]
    assert index["bytes"] > 1000


def test_what_is_none_of_them_is_exit_3(molsearch, tmp_path):
    assert molsearch("info", tmp_path / "nowhere" / "x").code == 3
    said = molsearch("info", "nosuch.index")
    assert said.code == 3
    assert "nosuch.index does not exist: check the path, or name a bundled encoder (" in said.line
    (tmp_path / "folder").mkdir()
    result = molsearch("info", tmp_path / "folder")
    assert result.code == 3
    assert "no encoder here" in result.line
