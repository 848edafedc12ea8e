"""A writer killed at any moment leaves whole generations only, and the same run mends it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest
from fakes import library
from killing import SUPPORT, Killer

from molsearch.data.prepared import PreparedSet
from molsearch.errors import IndexCorruptError, InputError
from molsearch.index.reader import open_index
from molsearch.index.verify import verify_index

# Builds an index in children that kill themselves.
CHILD = textwrap.dedent(
    """
    import os, pathlib, sys
    sys.path.insert(0, sys.argv[1])
    from fakes import FakeEncoder
    from killing import hook, serve
    from molsearch.data.prepared import PreparedSet
    from molsearch.index.writer import build_index
    from molsearch.io import atomic
    import molsearch.index.npy, molsearch.index.files, molsearch.index.shard

    prepared = PreparedSet.open(sys.argv[2])
    hook(os, "fsync")
    hook(pathlib.Path, "replace")
    hook(pathlib.Path, "mkdir")
    hook(pathlib.Path, "unlink")
    hook(pathlib.Path, "write_bytes")
    hook(molsearch.index.npy.RowWriter, "append")
    hook(molsearch.index.npy.RowWriter, "_write_header")
    hook(molsearch.index.shard, "describe")
    hook(FakeEncoder, "embed_table")

    def build(out):
        build_index(prepared, FakeEncoder(sys.argv[3]), pathlib.Path(out), shard_rows=100,
                    overwrite=sys.argv[4] == "overwrite")

    serve(build)
    """
)


def builder(prepared: PreparedSet, encoder: str, mode: str) -> Killer:
    """Build indexes in children that are killed at chosen events."""
    return Killer(CHILD, str(prepared.path), encoder, mode)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def opened(out: Path) -> int | str:
    """Rows of an index, or the line that says it is unfinished or not there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return open_index(out).n_rows
    except (IndexCorruptError, InputError) as error:
        line = str(error)
    assert any(part in line for part in ("holds an unfinished", "no index at", "is not an index"))
    return line


def moments(n_events: int, n: int) -> list[int]:
    """Every event where they are few, else an even spread that has the first and the last."""
    if n_events <= n:
        return list(range(1, n_events + 1))
    return sorted({1 + round(i * (n_events - 1) / (n - 1)) for i in range(n)})


@pytest.mark.slow
def test_kill_at_any_moment_of_a_first_build(folder):
    killer = builder(library(folder / "p", 250, bad_every=10), "fake", "new")
    try:
        n_events = int(killer.ask(folder / "whole", -1)[0])
        whole = digests(folder / "whole")
        assert n_events > 60
        for fatal in moments(n_events, 60):
            out = folder / f"i{fatal}"
            assert killer.ask(out, fatal)[-1] == "killed"
            found = opened(out)
            assert found == 225 or not (out / "manifest.json").exists()
            assert killer.ask(out, -1)[-1] == "finished"
            assert digests(out) == whole, f"killed at event {fatal} of {n_events}"
            assert verify_index(out).sound
    finally:
        killer.close()


@pytest.mark.slow
def test_kill_at_any_moment_of_an_overwrite_leaves_the_old_or_the_new_index(folder):
    old = library(folder / "p", 120)
    new = library(folder / "q", 150)
    first = builder(old, "fake", "new")
    killer = builder(new, "other", "overwrite")
    seen = set()
    try:
        first.ask(folder / "whole", -1)
        n_events = int(killer.ask(folder / "whole", -1)[0])
        for fatal in moments(n_events, 30):
            out = folder / f"i{fatal}"
            first.ask(out, -1)
            assert killer.ask(out, fatal)[-1] == "killed"
            seen.add(open_index(out).n_rows)
            assert killer.ask(out, -1)[-1] == "finished"
            assert open_index(out).n_rows == 150
            assert verify_index(out).sound
    finally:
        first.close()
        killer.close()
    assert seen == {120, 150}


def test_a_lock_of_a_killed_writer_is_taken_over(tmp_path):
    prepared = library(tmp_path / "p", 350)
    killer = builder(prepared, "fake", "new")
    try:
        assert killer.ask(tmp_path / "i", 30)[-1] == "killed"
        assert (tmp_path / "i" / ".writer.json").exists()
        assert killer.ask(tmp_path / "i", -1)[-1] == "finished"
    finally:
        killer.close()
    assert not (tmp_path / "i" / ".writer.json").exists()


def test_the_second_of_two_writers_names_the_first_and_leaves(tmp_path):
    prepared = library(tmp_path / "p", 100)
    code = textwrap.dedent(
        f"""
        import sys, time
        sys.path.insert(0, {str(SUPPORT)!r})
        from pathlib import Path
        from fakes import FakeEncoder
        from molsearch.data.prepared import PreparedSet
        from molsearch.index.writer import build_index

        class Slow(FakeEncoder):
            def embed_table(self, table):
                print("embedding", flush=True)
                time.sleep(60)

        build_index(PreparedSet.open({str(prepared.path)!r}), Slow(), Path({str(tmp_path / "i")!r}))
        """
    )
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "embedding\n"
        from fakes import FakeEncoder

        from molsearch.errors import UsageError
        from molsearch.index.writer import build_index

        with pytest.raises(UsageError, match=f"is being written by process {first.pid} on"):
            build_index(prepared, FakeEncoder(), tmp_path / "i")
        os.kill(first.pid, signal.SIGKILL)
        first.wait(timeout=10)
        assert build_index(prepared, FakeEncoder(), tmp_path / "i").n_rows == 100
    finally:
        first.kill()
        first.wait(timeout=10)
