"""Disks that are full, read-only or broken: one line, and the old index stays."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from fakes import FakeEncoder, library
from looking import looking
from refusing import PLACES, refuse

from molsearch.errors import MolSearchError
from molsearch.index.reader import open_index
from molsearch.index.writer import build_index

# Each place is refused at every moment, and for every reason at one of them.
MOMENTS = [(n, errno.ENOSPC) for n in (0, 1, 2, 4, 7)]
REASONS = [(1, code) for code in (errno.EIO, errno.EACCES, errno.EROFS)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """An index, and a larger set that shall replace it."""
    place = tmp_path_factory.mktemp("disk")
    build_index(library(place / "p", 60), FakeEncoder(), place / "i")
    return place / "i", library(place / "q", 350)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("n", "code"), [*MOMENTS, *REASONS])
def test_a_refusing_disk_is_one_line_and_the_old_generation_stays(
    world, folder, monkeypatch, place, n, code
):
    old, new = world
    out = Path(shutil.copytree(old, folder / "i"))
    refuse(monkeypatch, place, n, code)
    with pytest.raises(
        MolSearchError, match=r"^cannot write some/file: .*repeat the command"
    ) as caught:
        build_index(new, FakeEncoder(), out, overwrite=True, shard_rows=100)
    assert caught.value.exit_code != 0
    assert ("are free there" in str(caught.value)) == (code == errno.ENOSPC)
    monkeypatch.undo()
    assert open_index(out).n_rows == 60
    reader = build_index(new, FakeEncoder(), out, overwrite=True, shard_rows=100)
    assert reader.n_rows == 350


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_really_full_device_is_reported_when_rows_are_written(tmp_path, monkeypatch):
    original = Path.open

    def opened(self, *arguments, **named):
        if "embeddings.npy" in self.name and arguments and "w" in arguments[0]:
            return original(Path("/dev/full"), *arguments, **named)
        return original(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(MolSearchError, match="No space left on device"):
        build_index(library(tmp_path / "p", 3000), FakeEncoder(dim=256), tmp_path / "i")
    monkeypatch.undo()
    assert build_index(library(tmp_path / "r", 30), FakeEncoder(), tmp_path / "j").n_rows == 30


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_reported(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(MolSearchError, match="Permission denied"):
        build_index(library(tmp_path / "p", 30), FakeEncoder(), tmp_path / "locked" / "i")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_before_a_manifest_appears_all_it_names_is_on_the_disk(tmp_path, monkeypatch):
    """At each rename of a manifest, files were flushed before and folders after their renames."""
    flushed: list[Path] = []
    checked: list[Path] = []
    fsync, replace = os.fsync, Path.replace

    def noting_fsync(handle: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{handle}").readlink())
        fsync(handle)

    def noting_replace(self: Path, target: Path) -> Path:
        assert self in flushed, f"{target} was renamed before its bytes were flushed"
        if target == tmp_path / "i" / "manifest.json":
            named = [one for one in (tmp_path / "i" / "generations").rglob("*") if one.is_file()]
            for path in named:
                for folder in path.relative_to(tmp_path).parents[:-1]:
                    assert tmp_path / folder in flushed, f"{folder} was not flushed"
                checked.append(path)
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(Path, "replace", noting_replace)
    build_index(
        library(tmp_path / "p", 250, bad_every=9), FakeEncoder(), tmp_path / "i", shard_rows=100
    )
    assert {path.name for path in checked} >= {"embeddings.npy", "records.parquet", "shard.json"}


def test_readers_during_commits_see_whole_generations_only(tmp_path):
    """A reader opened at any moment of many rebuilds answers wholly from one of the two."""
    out = tmp_path / "i"
    sets = [library(tmp_path / str(n), n) for n in (50, 80)]
    build_index(sets[0], FakeEncoder(), out)

    def read() -> int:
        reader = open_index(out)
        rows = sum(len(reader.embeddings(i)) for i in range(reader.n_shards))
        assert rows == reader.n_rows
        return rows

    with looking(read) as seen:
        for i in range(20):
            build_index(sets[i % 2], FakeEncoder(), out, overwrite=True)
    assert set(seen) <= {50, 80}
    assert len(seen) > 20
