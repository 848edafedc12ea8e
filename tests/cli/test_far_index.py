"""An index at an address is searched and clustered like one in a folder."""

from __future__ import annotations

import fsspec
import pytest
from command_line import ASPIRIN

import molsearch as ms

ADDRESS = "memory://bucket/library.index"


@pytest.fixture(autouse=True)
def _there(world, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    system = fsspec.filesystem("memory")
    system.store.clear()
    for one in sorted(world.index.rglob("*")):
        if one.is_file() and not one.name.startswith("."):
            name = one.relative_to(world.index).as_posix()
            system.pipe_file(f"{ADDRESS}/{name}", one.read_bytes())


def test_hits_and_clusters_are_those_of_the_folder(screen, molsearch, world, tmp_path):
    assert screen("-k", 10, "-o", tmp_path / "here.csv").code == 0
    far = ("-i", ADDRESS, "-k", 10, "-o", tmp_path / "far.csv", "--verify")
    done = screen(*far, index=False)
    assert done.code == 0, done.err
    assert (tmp_path / "far.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    here = molsearch("cluster", world.index, "-n", 3)
    done = molsearch("cluster", ADDRESS, "-n", 3)
    assert (done.code, done.out) == (0, here.out)
    index = ms.Index.open(ADDRESS, encoder=world.encoder)
    assert len(index.search(ASPIRIN.split()[0], k=3)) == 3


def test_what_only_a_folder_can_do_and_addresses_without_an_index_are_one_line(
    screen, molsearch, world
):
    for words in (["compact", "-i", ADDRESS], ["add", world.library, "-i", ADDRESS]):
        assert "is an address" in molsearch("index", *words).line
    assert "no index at memory://bucket/none" in screen(
        "-i", "memory://bucket/none", "-o", "-", index=False
    ).line  # fmt: skip
    assert "nothing://x cannot be read here" in screen(
        "-i", "nothing://x", "-o", "-", index=False
    ).line  # fmt: skip
