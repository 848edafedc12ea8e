"""Changes of an index killed, refused by the disk, contended for, and read meanwhile."""

from __future__ import annotations

import errno
import hashlib
import json
import random
import shutil
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest
from changes import add, compact, content, drop, keep
from fakes import FakeEncoder, library
from killing import Killer
from looking import looking
from refusing import PLACES, refuse

from molsearch.errors import MolSearchError, UsageError
from molsearch.index.change import changing
from molsearch.index.reader import open_index
from molsearch.index.vectors import codec
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index

DROPPED = ["m00001", "m00002", "m00100"]
# What each change makes of an index of 180 molecules in shards of 100, and of its copy.
AFTER = {"add": 240, "drop": 175, "compact": 180, "merge": 360, "keep": 180}

# As in test_index_kill: a child of a child that kills itself at an event that touches the disk.
CHILD = textwrap.dedent(
    """
    import os, pathlib, sys
    sys.path.insert(0, sys.argv[1])
    import changes
    from fakes import FakeEncoder
    from killing import hook, serve
    from molsearch.data.prepared import PreparedSet
    from molsearch.index.merge import merge_indexes
    import molsearch.index.npy, molsearch.index.shard
    from molsearch.index import companions
    from molsearch.index.vectors import codec

    codec.LEAST_ROWS, companions.PART_ROWS = 1, 32

    for owner, name in ((os, "fsync"), (os, "link"), (pathlib.Path, "replace"),
                        (pathlib.Path, "mkdir"), (pathlib.Path, "unlink"),
                        (pathlib.Path, "write_bytes"), (molsearch.index.npy.RowWriter, "append"),
                        (molsearch.index.shard, "describe"), (FakeEncoder, "embed_table")):
        hook(owner, name)

    def change(kind, out):
        if kind == "add":
            changes.add(out, PreparedSet.open(sys.argv[2]))
        elif kind == "drop":
            changes.drop(out, sys.argv[3].split(","))
        elif kind == "compact":
            changes.compact(out)
        elif kind == "keep":
            changes.keep(out, "more")
        else:
            merge_indexes([out, pathlib.Path(sys.argv[4])], out.with_name(out.name + ".merged"))

    def asked(words):
        kind, out = words.split(maxsplit=1)
        change(kind, pathlib.Path(out))

    serve(asked)
    """
)


def base_index(folder: Path, **options) -> Path:
    """An index of 180 molecules in shards of 100, that has grown: 100, 20, 60."""
    build_index(
        library(folder / "p", 120), FakeEncoder(), folder / "base", shard_rows=100, **options
    )
    add(folder / "base", library(folder / "q", 60), of="grown")
    return folder / "base"


def digests(out: Path) -> dict[str, str]:
    """Of what readers see; older generations may stay until the next change."""
    newest = out / "generations" / f"{open_index(out).manifest.generation:06d}"
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in [out / "manifest.json", *sorted(newest.rglob("*"))]
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", AFTER)
def test_kill_at_seeded_moments_leaves_the_old_or_the_new_and_the_same_command_finishes(
    folder, kind, monkeypatch
):
    """Copies that are scanned, and what is kept beside shards, are among what must be equal."""
    monkeypatch.setattr(codec, "LEAST_ROWS", 1)
    base = base_index(folder, prefix=5)
    keep(base, "numbers")
    shutil.copytree(base, folder / "twin")
    more = library(folder / "r", 60)
    killer = Killer(CHILD, str(more.path), ",".join(DROPPED), str(folder / "twin"))

    def change(out: Path, fatal: int) -> list[str]:
        return killer.ask(f"{kind} {out}", fatal)

    def result(out: Path) -> Path:
        return out.with_name(out.name + ".merged") if kind == "merge" else out

    try:
        shutil.copytree(base, folder / "whole")
        n_events = int(change(folder / "whole", -1)[0])
        whole = digests(result(folder / "whole"))
        assert open_index(result(folder / "whole")).n_rows == AFTER[kind]
        names = {Path(name).name for name in whole}
        assert names >= {"prefix.npy", "numbers.npy"}
        assert n_events > 30
        rng = random.Random(f"kill {kind}")
        for fatal in sorted({1, n_events, *rng.sample(range(1, n_events + 1), 10)}):
            out = folder / f"i{fatal}"
            shutil.copytree(base, out)
            assert change(out, fatal)[-1] == "killed"
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = open_index(out)
            assert found.n_rows in (180, AFTER[kind])
            assert verify_index(out).sound
            assert change(out, -1)[-1] == "finished"
            assert digests(result(out)) == whole, f"killed at event {fatal} of {n_events}"
            assert verify_index(result(out)).sound
            shutil.rmtree(out)
    finally:
        killer.close()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("kind", ["add", "drop", "compact"])
def test_a_full_disk_is_one_line_and_the_index_stays(folder, monkeypatch, place, n, kind):
    base = base_index(folder)
    more = library(folder / "r", 250)
    actions = {
        "add": lambda: add(base, more),
        "drop": lambda: drop(base, [f"m{i:05d}" for i in range(10, 116)]),
        "compact": lambda: compact(base),
    }
    refuse(monkeypatch, place, n - (place == "rows"), errno.ENOSPC)
    with pytest.raises(MolSearchError, match=r"^cannot write some/file: No space .*repeat"):
        actions[kind]()
    monkeypatch.undo()
    assert open_index(base).n_rows == 180
    assert verify_index(base).sound
    rows = {"add": 430, "drop": 180 - 106 - 51, "compact": 180}[kind]
    assert actions[kind]().n_rows == rows


def test_the_second_of_two_writers_names_the_first_and_leaves(folder):
    base = base_index(folder)
    code = (
        "import sys, time; from pathlib import Path\n"
        "from molsearch.index.change import changing\n"
        "with changing(Path(sys.argv[1])):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(base)], stdout=-1, text=True) as first:
        assert first.stdout.readline() == "held\n"
        for change in (lambda: add(base, library(folder / "r", 9)), lambda: drop(base, DROPPED)):
            with pytest.raises(UsageError, match=f"is being written by process {first.pid} on"):
                change()
        first.kill()
    assert drop(base, DROPPED).n_rows == 175


def test_readers_during_changes_see_whole_generations_only(folder):
    base = base_index(folder)

    def read() -> int:
        reader = open_index(base)
        records, vectors, _ = content(reader)
        assert len(records) == len(vectors) == reader.n_rows
        return reader.n_rows

    sizes = {180}
    with looking(read) as seen:
        for n in range(4):
            sizes.add(add(base, library(folder / f"r{n}", 40 + n), of=f"add {n}").n_rows)
            sizes.add(drop(base, [f"m{n + 10:05d}"], of=f"drop {n}").n_rows)
        sizes.add(compact(base).n_rows)
    assert set(seen) <= sizes
    assert seen


def test_an_index_without_the_fields_of_changes_grows_too(folder):
    """Indexes that are older than changes: their manifests know neither drops nor history."""
    from molsearch.io.hashing import sha256_json

    base = folder / "i"
    build_index(library(folder / "p", 120), FakeEncoder(), base, shard_rows=100)
    for path in (base / "manifest.json", base / "generations/000001/manifest.json"):
        body = json.loads(path.read_text())
        for name in ("n_dropped", "changes", "part", "checksum"):
            body.pop(name)
        body["plan"].pop("change")
        path.write_text(json.dumps({**body, "checksum": sha256_json(body)}))
    assert add(base, library(folder / "q", 60)).n_rows == 180
    assert drop(base, DROPPED).n_rows == 180 - 5
    assert verify_index(base).sound


def test_an_index_of_a_newer_format_is_refused_by_its_version(folder):
    from molsearch.errors import IndexCorruptError
    from molsearch.io.hashing import sha256_json

    base = base_index(folder)
    for path in base.rglob("manifest.json"):
        if path.parent.name in ("base", "000002"):
            body = json.loads(path.read_text())
            body.pop("checksum")
            body["plan"]["format_version"] = 99
            path.write_text(json.dumps({**body, "checksum": sha256_json(body)}))
    with (
        pytest.raises(IndexCorruptError, match=r"format version 99.*upgrade molsearch"),
        changing(base),
    ):
        pass
