"""Workers begin as copies of a process that has imported what they need, where there is such."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from molsearch.work import nursery
from molsearch.work.nursery import begin, context, surroundings

LINUX = sys.platform.startswith("linux")
PROGRAM = """
import os, sys, time
from molsearch.work.crew import Crew
from molsearch.work.job import Parcel
from molsearch.work.nursery import begin
from worker_tasks import {task}

if __name__ == "__main__":
    begin(["colorsys"])
    crew = Crew(2, {task}, preload=["colorsys"])
    jobs = [Parcel([number]) for number in range(4)]
    for job in jobs:
        crew.submit(job)
    while not all(job.left == 0 for job in jobs):
        crew.step()
    print(*(one for job in jobs for one in job.finished()), flush=True)
    crew.close()
"""


def start(task: str, tmp_path: Path) -> subprocess.Popen[str]:
    (tmp_path / "run.py").write_text(PROGRAM.format(task=task))
    support = str(Path(__file__).parents[1] / "support")
    path = os.pathsep.join([support, os.getcwd(), os.environ.get("PYTHONPATH", "")])  # noqa: PTH109
    return subprocess.Popen(
        [sys.executable, str(tmp_path / "run.py")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_the_environment_is_as_before_and_has_the_last_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    before = dict(os.environ)
    with surroundings():
        assert ("GLIBC_TUNABLES" in os.environ) is LINUX
        assert set(sys.path) - {""} <= set(os.environ["PYTHONPATH"].split(os.pathsep))
    assert dict(os.environ) == before
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=3")
    with surroundings():
        assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.tcache_count=3"


def test_elsewhere_each_worker_starts_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nursery, "_COPIES", False)
    begin(["nothing"])
    assert context(["nothing"]).get_start_method() == "spawn"


@pytest.mark.skipif(not LINUX, reason="no fork server is used")
def test_workers_have_what_was_imported_for_them(tmp_path: Path) -> None:
    said = start("has_colorsys", tmp_path).communicate(timeout=60)[0]
    assert said.split() == ["True"] * 4


@pytest.mark.skipif(not LINUX, reason="no fork server is used")
def test_neither_a_stuck_worker_nor_the_fork_server_outlives_a_killed_parent(
    tmp_path: Path,
) -> None:
    parent = start("stuck", tmp_path)
    deadline = time.monotonic() + 60
    while len(below := psutil.Process(parent.pid).children(recursive=True)) < 4:
        assert time.monotonic() < deadline  # tracker, fork server, two workers
        time.sleep(0.1)
    time.sleep(1.0)
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(below, timeout=20)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
