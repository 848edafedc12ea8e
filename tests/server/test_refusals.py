"""A server that has no room, and jobs that die: a line and a status, nothing left behind."""

from __future__ import annotations

import asyncio
import errno
import stat
import threading
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from molsearch.errors import UsageError
from molsearch.server import refusals
from molsearch.server.bodies import ScreenBody
from molsearch.server.jobs import ENDED, Jobs
from molsearch.server.libraries import Shelf
from molsearch.server.refusals import Refused
from molsearch.server.settings import Limits
from molsearch.server.work import Desk
from molsearch.service.requests import ScreenRequest

FAILURE = '{"event":"failure","message":"hits: No space","kind":"E","exit_code":1}'
ASKED = ScreenRequest(queries=("C",), index="lib")


def program(folder: Path, text: str) -> str:
    """Write what a job runs in place of Python."""
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def ended(jobs: Jobs, job):
    for _ in range(600):
        if job.status in ENDED:
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(f"the job is {job.status} still")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kill -9 $$", "the job's process died (exit code -9); ask again"),
        ("exit 3", "the job's process died (exit code 3); ask again"),
        (f"echo '{FAILURE}'; exit 1", "hits: No space"),
        ("echo 'no event at all'; exit 1", "the job's process died (exit code 1); ask again"),
    ],
)
def test_a_job_that_died_has_failed_and_says_so(monkeypatch, tmp_path, text, said):
    monkeypatch.setattr("sys.executable", program(tmp_path, text))

    async def go():
        jobs = Jobs(Limits(), Shelf(()))
        try:
            job = await ended(jobs, jobs.start("me", ASKED, "lib", "csv"))
            told = [line async for line in jobs.follow(job)]
            return job, told
        finally:
            await jobs.close()

    job, told = asyncio.run(go())
    assert (job.status, job.error) == ("failed", said)
    assert said in told[-1]


def test_a_job_for_which_there_is_no_room_leaves_nothing(monkeypatch):
    async def go():
        jobs = Jobs(Limits(), Shelf(()))

        def full(path, *_, **__):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

        monkeypatch.setattr(Path, "write_text", full)
        try:
            with pytest.raises(OSError, match="No space"):
                jobs.start("me", ASKED, "lib", "csv")
            assert (jobs.n_open, jobs.of("me"), [*jobs._folder.iterdir()]) == (0, [], [])
        finally:
            await jobs.close()

    asyncio.run(go())


@pytest.mark.parametrize("error", [UsageError("k: too many"), Refused(503, "no answer in time")])
def test_a_small_job_that_fails_at_the_desk_has_failed_and_says_so(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("molsearch.server.jobs.screen", fail)

    async def go():
        desk = Desk(threads=1, queue=1, memory_limit=None)
        jobs = Jobs(Limits(), Shelf(()), desk)
        try:
            return await ended(jobs, jobs.start("me", ASKED, "lib", "csv", small=True))
        finally:
            await jobs.close()
            desk.close()

    job = asyncio.run(go())
    assert (job.status, job.error) == ("failed", str(error))


def test_a_small_job_has_a_process_where_the_desk_is_full(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.executable", program(tmp_path, "exit 3"))

    async def go():
        desk, held = Desk(threads=1, queue=0, memory_limit=None), threading.Event()
        jobs = Jobs(Limits(), Shelf(()), desk)
        try:
            waiting = asyncio.ensure_future(desk.do(lambda _: held.wait(30), 60))
            await asyncio.sleep(0.05)
            job = await ended(jobs, jobs.start("me", ASKED, "lib", "csv", small=True))
            held.set()
            await waiting
            return job
        finally:
            held.set()
            await jobs.close()
            desk.close()

    assert "process died (exit code 3)" in asyncio.run(go()).error


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (errno.ENOSPC, 503, "no room is left"),
        (errno.EDQUOT, 503, "no room is left"),
        (errno.EIO, 500, "its log says more"),
    ],
)
def test_a_full_disk_is_a_503_and_names_no_folder(number, status, said):
    app = FastAPI()
    refusals.install(app)

    @app.get("/")
    async def fail():
        raise OSError(number, "refused", "/secret/place")

    found = TestClient(app, raise_server_exceptions=False).get("/")
    assert found.status_code == status
    assert said in found.json()["error"]
    assert "secret" not in found.text
    assert ("retry-after" in found.headers) is (status == 503)


def test_a_desk_whose_queue_is_full_refuses_and_one_that_is_slow_gives_up():
    async def go():
        desk, held = Desk(threads=1, queue=1, memory_limit=None), threading.Event()
        try:
            waiting = [asyncio.ensure_future(desk.do(lambda _: held.wait(30), 60)) for _ in "ab"]
            await asyncio.sleep(0.05)
            with pytest.raises(Refused, match="busy") as busy:
                await desk.do(lambda _: 1, 60)
            held.set()
            assert await asyncio.gather(*waiting) == [True, True]
            held.clear()
            with pytest.raises(Refused, match="no answer within") as slow:
                await desk.do(lambda _: held.wait(30), 0.05)
            held.set()
            return busy.value.status, slow.value.status
        finally:
            held.set()
            desk.close()

    assert asyncio.run(go()) == (503, 503)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"queries": ()}, "queries: 0 given; at least 1 is needed"),
        ({"queries": ("C",), "rank": "nope"}, "rank: 'nope' does not rank here"),
        ({"queries": ("C" * 3000,)}, "queries.0: String should have at most 2000 characters"),
        ({"queries": ("C",), "Bogus": 1}, "Bogus: there is no such field"),
        ({"queries": ("C",), "k": 0}, "k: 0 is not greater than 0"),
    ],
)
def test_a_body_that_cannot_be_used_is_told_of_by_its_fields(fields, said):
    app = FastAPI()
    refusals.install(app)

    @app.post("/")
    async def take(body: ScreenBody) -> None:
        del body

    answer = TestClient(app).post("/", json={"library": "l", **fields})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(said)


def test_options_are_told_as_the_fields_that_they_are() -> None:
    class Bare:
        def without_paths(self, line: str) -> str:
            return line

    error = UsageError("--include-smarts [X]: no SMARTS; see --exclude-smarts and --threads")
    said = refusals.refusal_of(error, Bare())
    assert str(said) == "include_smarts [X]: no SMARTS; see exclude_smarts and --threads"
    assert said.status == 422
