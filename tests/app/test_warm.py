"""Screens at once, by a process that keeps encoder and index."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from command_line import ASPIRIN, make_encoder, make_library

import molsearch as ms
from molsearch.errors import UsageError
from molsearch_app import jobs, warm
from molsearch_app.components import launch
from molsearch_app.components.launch import HITS, LibraryChoice
from molsearch_app.components.queries import Draft
from molsearch_app.guard import BusyError, Guard

DRAFT = Draft("aspirin", ASPIRIN.split()[0], parent=ASPIRIN.split()[0])


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("MOLSEARCH_ROOTS", str(tmp_path))
    monkeypatch.setattr(jobs, "launch", lambda folder: None)
    monkeypatch.setattr(warm, "_PROCESS", Guard(1, most_waiting=2))
    monkeypatch.setattr(warm, "_begun", {})
    make_library(tmp_path / "library.csv")
    encoder = make_encoder(tmp_path / "encoder")
    ms.Index.build(tmp_path / "library.csv", str(encoder), tmp_path / "i", workers=1)
    return tmp_path


def begin(world, **options):
    place = LibraryChoice("index", world / "i", "i")
    given = {"encoder": str(world / "encoder"), "k": 5, **options}
    return launch.start_screen([DRAFT], place, given)


def test_a_warm_index_answers_before_the_job_starts(world):
    cold = begin(world)
    assert cold.steps[0].seconds is None
    assert not cold.file(HITS).exists()
    warm.prepare(world / "i", str(world / "encoder"))
    warm._begun[str(world / "i"), str(world / "encoder")].result(240)
    job = begin(world)
    assert len(pd.read_parquet(job.file(HITS))) == 5
    assert job.file(HITS + ".run.json").exists()
    assert job.steps[0].seconds is not None
    assert jobs.status(job).label == "map"
    # A mistake that only the screen can find is told on the page, and leaves no run.
    before = len(jobs.recent())
    with pytest.raises(UsageError, match="no_such"):
        begin(world, where=("no_such<3",))
    assert len(jobs.recent()) == before


def test_what_is_not_warm_is_a_job(world, monkeypatch):
    monkeypatch.setenv(warm.VARIABLE, "0")
    warm.prepare(world / "i")
    assert warm._begun == {}
    assert begin(world).steps[0].seconds is None


def test_a_process_that_is_busy_or_ended_leaves_the_job_to_do(world, monkeypatch):
    monkeypatch.setattr(warm, "is_ready", lambda request: True)

    def refuse(*_, **__):
        raise BusyError("busy")

    monkeypatch.setattr(warm._PROCESS, "submit", refuse)
    assert begin(world).steps[0].seconds is None
    monkeypatch.undo()


def test_a_process_that_takes_too_long_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(warm, "_PROCESS", Guard(1, most_waiting=1))
    monkeypatch.setattr(warm, "SECONDS", 0.5)
    monkeypatch.setattr(warm, "is_ready", lambda request: True)
    monkeypatch.setattr(warm, "answer", time.sleep)
    request = type("Request", (), {"model_dump_json": lambda self: 60})()
    began = time.monotonic()
    assert warm.screen(request) is False
    assert time.monotonic() - began < 50
