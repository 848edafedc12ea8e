"""An index at an address: whole in the cache or not there, and no byte fetched twice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fsspec
import pytest
from changes import add, content
from fakes import FakeEncoder, library, molecule, prepared_set

from molsearch.chem.readers.sources import is_address
from molsearch.errors import IndexCorruptError, InputError, MolSearchError
from molsearch.index import remote as module
from molsearch.index.reader import find_index, open_index
from molsearch.index.remote import Remote, cache_root, fetch, look_at
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index
from molsearch.work import place

ADDRESS = "memory://bucket/vendor.index"


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch) -> None:
    """Each test has a cache and a store of its own."""
    monkeypatch.setattr(module, "user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(place, "_FIRST_PAUSE", 0.0)
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    build_index(library(folder / "p", 250, bad_every=10), FakeEncoder(), folder / "i",
                shard_rows=100)  # fmt: skip
    return folder / "i"


def put(path: Path, address: str = ADDRESS) -> str:
    """Copy an index to an address, as its owner does."""
    system = fsspec.core.url_to_fs(address)[0]
    if system.exists(address):
        system.rm(address, recursive=True)
    for one in sorted(path.rglob("*")):
        if one.is_file() and not one.name.startswith("."):
            system.pipe_file(f"{address}/{one.relative_to(path).as_posix()}", one.read_bytes())
    return address


class Reads:
    """Which parts of files are read at the address, after `n` of which the connection breaks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, n: int | None = None) -> None:
        self.names: list[str] = []
        real = place.Place.part

        def part(one: Any, name: str, start: int = 0, stop: int | None = None) -> bytes:
            if n is not None and len(self.names) >= n:
                raise KeyboardInterrupt
            self.names.append(name)
            return real(one, name, start, stop)

        monkeypatch.setattr(place.Place, "part", part)

    @property
    def of_shards(self) -> list[str]:
        """Those of shards and failures."""
        return [name for name in self.names if name.startswith("generations")]


def test_what_is_fetched_is_the_index_and_nothing_comes_twice(made, monkeypatch):
    address = put(made)
    told = []
    path = fetch(look_at(address), lambda *given: told.append(given))
    assert content(open_index(path))[0].equals(content(open_index(made))[0])
    assert verify_index(path).sound
    assert told[-1] == (look_at(address).n_bytes, 0)
    assert told == sorted(told)
    reads = Reads(monkeypatch)
    assert fetch(look_at(address)) == path
    assert not reads.of_shards


def test_a_broken_copy_goes_on_within_the_file_it_stopped_in(made, monkeypatch):
    monkeypatch.setattr(module, "_PART_BYTES", 5000)
    address = put(made)
    whole = Reads(monkeypatch)
    remote = look_at(address)
    path = fetch(remote)
    n_parts = len(whole.of_shards)
    assert n_parts > 20
    for stop in (1, 2, 7, 12, n_parts - 1):
        shutil.rmtree(cache_root())
        monkeypatch.undo()
        _patched(monkeypatch, path)
        with monkeypatch.context() as patch:
            broken = Reads(patch, stop)
            with pytest.raises(KeyboardInterrupt):
                fetch(remote)
        with pytest.raises(InputError):
            find_index(path)  # nothing half visible
        again = Reads(monkeypatch)
        assert fetch(remote) == path
        assert len(broken.names) + len(again.of_shards) == n_parts
        assert verify_index(path).sound


def _patched(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(module, "user_cache", lambda: path.parents[2])
    monkeypatch.setattr(module, "_PART_BYTES", 5000)
    monkeypatch.setattr(place, "_FIRST_PAUSE", 0.0)


def test_of_an_index_that_has_grown_the_new_shards_come_and_the_old_copy_goes(
    made, tmp_path, monkeypatch
):
    grown = Path(shutil.copytree(made, tmp_path / "grown"))
    old = fetch(look_at(put(grown)))
    add(grown, prepared_set(tmp_path / "q", [molecule(i, seed=i + 900) for i in range(1, 40)]))
    address = put(grown)
    reader = open_index(old)  # a search that goes on
    reads = Reads(monkeypatch)
    new = fetch(look_at(address))
    assert {name.split("/")[2] for name in reads.of_shards} == {"shard-00003"}
    assert open_index(new).n_rows == 225 + 39
    assert reader.records(0).read().num_rows == 100
    del reader
    shutil.rmtree(new)
    assert fetch(look_at(address)) == new
    assert not old.exists()
    held = {one.stat().st_ino for one in (cache_root() / "files").iterdir()}
    mine = {one.stat().st_ino for one in new.rglob("*") if one.is_file()}
    assert held <= mine


def test_without_links_a_file_is_there_once(made, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(module.os, "link", refuse)
    path = fetch(look_at(put(made)))
    assert verify_index(path).sound
    assert not list((cache_root() / "files").iterdir())


@pytest.mark.parametrize("name", ["embeddings.npy", "records.parquet", "failures.parquet"])
def test_an_altered_file_is_told_by_its_address_and_mended_there(made, name):
    address = put(made)
    system = fsspec.filesystem("memory")
    path = next(one for one in sorted(system.find(address)) if one.endswith(name))
    right = system.cat_file(path)
    for wrong in (bytes([right[0] ^ 1]) + right[1:], right[:-1], right + b"x"):
        system.pipe_file(path, wrong)
        if len(wrong) > len(right):
            continue  # what is behind the end is not read
        with pytest.raises(IndexCorruptError, match=rf"memory:.*{name} is not as its manifest"):
            fetch(look_at(address))
    system.rm(path)
    with pytest.raises(IndexCorruptError, match=rf"{name} is not there"):
        fetch(look_at(address))
    system.pipe_file(path, right)
    assert verify_index(fetch(look_at(address))).sound


def test_no_index_a_damaged_one_and_an_address_that_refuses_are_one_line_each(made, monkeypatch):
    with pytest.raises(InputError, match=r"no index at memory://bucket/vendor\.index; make one"):
        look_at(ADDRESS)
    address = put(made)
    system = fsspec.filesystem("memory")
    system.pipe_file(f"{address}/manifest.json", b'{"format": "molsearch-index"}')
    with pytest.raises(IndexCorruptError, match=r"memory://.*manifest\.json does not match"):
        look_at(address)

    def refuse(*_: object, **__: object) -> bytes:
        raise PermissionError("Forbidden")

    monkeypatch.setattr(type(system), "cat_file", refuse)
    with pytest.raises(MolSearchError, match=r"cannot read .*Forbidden.*your permission") as caught:
        look_at(address)
    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_told_with_the_way_to_another(made, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(MolSearchError, match=r"cannot keep a copy of memory.*XDG_CACHE_HOME"):
        fetch(look_at(put(made)))


def test_an_address_is_no_path_and_a_change_there_is_refused():
    assert is_address("s3://bucket/x")
    assert not is_address("lib.index")
    assert not is_address(Path("s3://bucket/x"))
    with pytest.raises(InputError, match=r"s3:/bucket/x is an address"):
        find_index(Path("s3://bucket/x"))


def test_an_object_store_serves_as_a_disk_does(made):
    pytest.importorskip("moto.server", reason="moto is not installed (pip install 'moto[server]')")
    from clusters import object_store

    with object_store() as bucket:
        address = put(made, f"{bucket}/vendor.index")
        remote = look_at(address)
        assert isinstance(remote, Remote)
        path = fetch(remote)
        assert verify_index(path).sound
        with pytest.raises(InputError, match="no index at s3://"):
            look_at(f"{bucket}/other.index")
