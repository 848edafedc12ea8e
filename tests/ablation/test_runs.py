from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from ablation import runs
from ablation.plan import Training
from ablation.runs import How, run_all
from molsearch.errors import UsageError

# Stands for `molsearch train`: notes that it ran, and ends the way its first change says.
FAKE = """
import sys, pathlib
out, what = pathlib.Path(sys.argv[1]), sys.argv[2]
with (out / "starts").open("a") as file:
    file.write("x")
print("last words", file=sys.stderr)
if what == "fails" and not (out / "mended").exists():
    sys.exit(3)
(out / "card.json").write_text("{}")
"""


@pytest.fixture
def faked(monkeypatch):
    monkeypatch.setattr(
        runs,
        "command",
        lambda job, folder, how: [sys.executable, "-c", FAKE, str(folder), job.changes[0]],
    )


def job(tmp_path, name, what="ends"):
    return Training(f"q/{name}", tmp_path / "none.yaml", (what,))


def go(jobs, folder, **how):
    said, ended = [], []
    failures = run_all(jobs, folder, How(**how), say=said.append, on_end=ended.append)
    return failures, said, [one.name for one in ended]


def test_finished_runs_are_skipped_and_failed_ones_tried_again(tmp_path, faked):
    jobs = [job(tmp_path, "a-1"), job(tmp_path, "b-1", "fails"), job(tmp_path, "c-1")]
    failures, said, ended = go(jobs, tmp_path)
    assert failures == ["q/b-1: ended with 3: last words"]
    assert ended == ["q/a-1", "q/c-1"]  # a failure does not stop the others
    (tmp_path / "q/b-1/mended").touch()
    failures, said, ended = go(jobs, tmp_path)
    assert not failures
    assert ended == ["q/b-1"]
    assert said[0] == "3 runs, 2 of them finished"
    assert "q/b-1: continued" in said
    assert (tmp_path / "q/a-1/starts").read_text() == "x"
    assert (tmp_path / "q/b-1/starts").read_text() == "xx"


def test_one_at_a_time_unless_more_are_asked_for(tmp_path, monkeypatch):
    running, most, guard = [], [], threading.Lock()
    both = threading.Barrier(2, timeout=60)

    def counted(crew, job, folder):
        with guard:
            running.append(job)
            most.append(len(running))
        if crew.how.at_once == 2:
            both.wait()
        with guard:
            running.remove(job)
        return ""

    monkeypatch.setattr(runs._Crew, "run", counted)
    jobs = [job(tmp_path, f"v-{seed}") for seed in range(4)]
    go(jobs, tmp_path)
    assert most == [1, 1, 1, 1]
    go(jobs, tmp_path, at_once=2)
    assert max(most) == 2


def test_two_ablations_never_train_into_one_folder(tmp_path):
    with runs._alone(tmp_path), pytest.raises(UsageError, match="another ablation"):
        go([job(tmp_path, "a-1")], tmp_path)


HARNESS = """
import signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from ablation import runs
from ablation.plan import Training
child = "import pathlib, sys, time; pathlib.Path(sys.argv[1], 'runs').touch(); time.sleep(600)"
runs.command = lambda job, folder, how: [sys.executable, "-c", child, str(folder)]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
job = Training("q/a-1", Path("none.yaml"), ())
runs.run_all([job], Path(sys.argv[1]), runs.How(), say=print, on_end=print)
"""


def harness(tmp_path):
    """A harness in another process, whose run has started."""
    here = [str(runs.ROOT)]
    process = subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(tmp_path), *here], stdout=subprocess.DEVNULL
    )
    assert until(lambda: (tmp_path / "q/a-1/runs").exists())
    return process


def until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def children(process):
    return psutil.Process(process.pid).children(recursive=True)


def free(tmp_path):
    try:
        with runs._alone(tmp_path):
            return True
    except UsageError:
        return False


def test_an_ended_harness_takes_its_run_with_it(tmp_path):
    process = harness(tmp_path)
    (child,) = children(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert not psutil.pid_exists(child.pid) or child.status() == psutil.STATUS_ZOMBIE
    assert until(lambda: free(tmp_path))


def test_a_run_whose_harness_was_killed_keeps_the_folder_locked(tmp_path):
    process = harness(tmp_path)
    (child,) = children(process)
    process.kill()
    process.wait(60)
    try:
        assert child.is_running()
        assert not free(tmp_path)
    finally:
        child.kill()
    assert until(lambda: free(tmp_path))


def test_a_run_notes_commit_and_machine_and_keeps_earlier_ones(tmp_path, faked, monkeypatch):
    one = job(tmp_path, "a-1", "fails")
    monkeypatch.setattr(runs, "commit", lambda: "first")
    go([one], tmp_path)
    go([one], tmp_path)
    monkeypatch.setattr(runs, "commit", lambda: "second+")
    go([one], tmp_path, threads=2)
    notes = json.loads((tmp_path / "q/a-1" / runs.NOTE_FILE).read_text())
    assert [note["commit"] for note in notes] == ["first", "second+"]
    assert [note["machine"]["threads"] for note in notes] == [1, 2]


def test_options_reach_the_command_line(tmp_path):
    how = How(workers=3, threads=2, device="cuda", cache=tmp_path / "cache")
    words = runs.command(Training("q/a-1", tmp_path / "c.yaml", ("a=1", "b=2")), tmp_path, how)
    assert words[1:5] == ["-m", "molsearch", "train", str(tmp_path / "c.yaml")]
    pairs = [
        *(["-n", "3"], ["--threads", "2"], ["--device", "cuda"], ["-o", str(tmp_path)]),
        *(["--cache", str(tmp_path / "cache")], ["--set", "a=1"], ["--set", "b=2"]),
    ]
    for pair in pairs:
        assert any(words[i : i + 2] == pair for i in range(len(words))), pair
