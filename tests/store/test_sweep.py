"""Temporary files of killed writers go; whatever has a name stays."""

from __future__ import annotations

from molsearch.io.atomic import replacing
from molsearch.store.sweep import strays, sweep


def test_what_a_killed_writer_left_is_found_and_removed_and_nothing_else(tmp_path):
    names = [".a.json.tmp-12-ab", "a.json", ".lock", ".writer.json", "b.tmp-1", "in/.c.npy.tmp-1-2"]
    (tmp_path / "in").mkdir()
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in strays(tmp_path)] == [".a.json.tmp-12-ab"]
    assert {path.name for path in strays(tmp_path, deep=True)} == {
        ".a.json.tmp-12-ab", ".c.npy.tmp-1-2",
    }  # fmt: skip
    sweep(tmp_path, tmp_path / "nothing")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"in", *names[1:]}


def test_the_names_are_those_that_atomic_writes_take(tmp_path):
    with replacing(tmp_path / "x.npy") as temporary:
        temporary.touch()
        assert strays(tmp_path) == [temporary]
    assert strays(tmp_path) == []
