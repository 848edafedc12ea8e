"""A preparation killed at any moment leaves a valid set, and the same call completes it."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from killing import Killer
from worker_tasks import every_tenth_dead

from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data import prepare as module
from molsearch.data.prepare import prepare_records, run_of
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_manifest import PrepareRun
from molsearch.data.prepared_writer import writing
from molsearch.data.workers import Outcome
from molsearch.errors import MolSearchError, UsageError
from molsearch.io import atomic
from molsearch.io.folders import Kind, look
from molsearch.schema import Failure, Record

FLAT = PrepareConfig(n_conformers=0)
N = 60
SHARD = 16

# Children that die by their own hand at the n-th call of a file operation, or after it.
KILLED = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[3]]
from killing import hook, serve
from molsearch.io import atomic
hook(atomic, "fsync_file"); hook(atomic, "fsync_folder")
import test_prepare_kill as t
serve(lambda out: t.fill(Path(sys.argv[2]), Path(out)))
"""


def outcomes() -> list[Outcome]:
    return [
        Failure(n, "x", n, f"m{n}", "test", "reason " + "é" * (n % 5), "C" * n)
        for n in range(1, N + 1)
    ]


def run_for(source: Path) -> PrepareRun:
    return run_of([str(source)], ReadConfig(), FLAT).model_copy(update={"shard_records": SHARD})


def fill(source: Path, out: Path) -> None:
    """Write N outcomes as prepare does, resuming from what is there."""
    with writing(out, run_for(source)) as writer:
        rest = outcomes()[writer.manifest.n_in :]
        for start in range(0, len(rest), SHARD):
            writer.commit(rest[start : start + SHARD])
        writer.finish()


def contents(out: Path) -> dict[str, bytes]:
    names = [*out.glob("shards/*.parquet"), out / "manifest.json"]
    return {str(path.relative_to(out)): path.read_bytes() for path in names}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "x"
    path.write_text("x")
    return path


@pytest.mark.slow
def test_kill_at_every_write_then_resume_equals_uninterrupted(source: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    fill(source, whole)
    reference = contents(whole)
    killer = Killer(KILLED, str(source), str(Path(__file__).parent))
    try:
        # 15 files (lock owner, manifests, shards), two flushes each.
        n_events = int(killer.ask(tmp_path / "counted", -1)[0])
        assert n_events == 60
        for moment in random.Random(5).sample(range(1, n_events + 1), 18):
            out = tmp_path / f"killed-{moment}"
            assert killer.ask(out, moment)[-1] == "killed"
            if look(out).kind is Kind.PREPARED:
                left = PreparedSet.open(out, allow_unfinished=True)
                left.verify()
                assert left.n_in % SHARD == 0 or left.n_in == N
            fill(source, out)
            assert contents(out) == reference
            assert not list(out.rglob(".*.tmp-*"))
    finally:
        killer.close()


RUNNING = """
import sys
from pathlib import Path
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data import prepare as module
if __name__ == "__main__":
    module._SHARD_RECORDS = module._SHARD_RECORDS_MIN = 64
    module.prepare([sys.argv[1]], Path(sys.argv[2]), ReadConfig(), PrepareConfig(), workers=2)
"""


@pytest.mark.slow
def test_kill_of_a_real_run_leaves_no_orphans_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "lib.smi"
    tails = ["c1ccccc1", "C1CCNCC1", "c1ccncc1", "C(=O)O", "[C@H](C)N", "C(F)(F)F"]
    lines = [f"{'C' * (n % 9 + 1)}C(=O)NC{tails[n % 6]} m{n}" for n in range(320)]
    library.write_text("\n".join(lines) + "\n")
    script = tmp_path / "run.py"
    script.write_text(RUNNING)
    out = tmp_path / "killed"
    child = subprocess.Popen([sys.executable, str(script), str(library), str(out)])
    deadline = time.monotonic() + 120
    while not (out / "shards" / "records-00001.parquet").exists():
        assert time.monotonic() < deadline
        assert child.poll() is None
        time.sleep(0.02)
    workers = psutil.Process(child.pid).children(recursive=True)
    assert len(workers) >= 2
    child.kill()
    child.wait()
    psutil.wait_procs(workers, timeout=15)
    assert not [one for one in workers if one.is_running() and one.status() != "zombie"]
    left = PreparedSet.open(out, allow_unfinished=True)
    assert 0 < left.n_in < 320
    left.verify()

    monkeypatch.setattr(module, "_SHARD_RECORDS", 64)
    monkeypatch.setattr(module, "_SHARD_RECORDS_MIN", 64)
    arguments = (ReadConfig(), PrepareConfig())
    seen: list[int] = []
    resumed = module.prepare(
        [library], out, *arguments, workers=2, on_progress=lambda done, _: seen.append(done)
    )
    assert seen[0] == left.n_in
    module.prepare([library], tmp_path / "whole", *arguments, workers=2)
    assert resumed.n_in == 320
    assert contents(out) == contents(tmp_path / "whole")


def test_two_writers_are_kept_apart(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "p"
    with (
        writing(out, run_for(source)),
        pytest.raises(UsageError, match=f"written by process {os.getpid()}"),
        writing(out, run_for(source)),
    ):
        pass
    fill(source, out)
    assert PreparedSet.open(out).n_in == N


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_refusing_disk_keeps_what_was_committed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    out = tmp_path / "p"
    calls = 0

    def refusing(path: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == 9:
            raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(atomic, "fsync_file", refusing)
    with pytest.raises(MolSearchError, match=os.strerror(code)) as caught:
        fill(source, out)
    assert str(out) in str(caught.value)
    left = PreparedSet.open(out, allow_unfinished=True)
    left.verify()
    assert 0 < left.n_in < N
    fill(source, out)
    assert PreparedSet.open(out).n_in == N


@pytest.mark.slow
def test_crashes_are_counted(source: Path, tmp_path: Path) -> None:
    def rows() -> Iterator[Record]:
        for n in range(1, N + 1):
            yield Record(n, "x", n, f"m{n}", "CCO")

    with pytest.raises(module.NothingPreparedError):
        prepare_records(rows(), tmp_path / "p", run_for(source), workers=2, task=every_tenth_dead)
    found = PreparedSet.open(tmp_path / "p").failures()
    assert list(found["record_number"]) == list(range(1, N + 1))
    assert list(found.loc[found["stage"] == "worker", "record_number"]) == [10, 20, 30, 40, 50, 60]
