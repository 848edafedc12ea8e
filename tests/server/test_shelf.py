"""Libraries are found by their names, which are no paths."""

from __future__ import annotations

import shutil

import pytest
from fakes import FakeEncoder, library

from molsearch.index.writer import build_index
from molsearch.server.libraries import Shelf


@pytest.fixture
def root(tmp_path):
    build_index(library(tmp_path / "made", 3), FakeEncoder(), tmp_path / "index")
    for name in ("plain", "vendor.index", "both", "both.index", "far/off.index"):
        shutil.copytree(tmp_path / "index", tmp_path / "served" / name)
    return tmp_path / "served"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("plain", "plain"),
        ("vendor.index", "vendor.index"),
        ("vendor", "vendor.index"),
        ("both", "both"),
        ("both.index", "both.index"),
        ("far/off", "far/off.index"),
        ("plain.index", None),
        ("off", None),
        ("", None),
        ("../vendor", None),
        ("far/../vendor", None),
    ],
)
def test_the_end_of_a_name_can_be_left_out_where_no_other_has_it(root, name, found):
    assert Shelf((root,)).find(name) == (None if found is None else (root / found).resolve())
