from __future__ import annotations

import os
import time

import psutil
import pytest
from app_runs import bare_run, finished_run

from molsearch.errors import UsageError
from molsearch_app import jobs, keeping
from molsearch_app.keeping import Limits

DAY = 86_400.0


def _me():
    return psutil.Process().create_time()


def aged(runs, days, *, bytes_=0, **state):
    """A run that was last used some days ago."""
    folder = runs / bare_run(runs, **state)
    (folder / "hits.parquet").write_bytes(b"x" * bytes_)
    then = time.time() - days * DAY
    for path in folder.iterdir():
        os.utime(path, (then, then))
    return jobs.attach(folder.name)


def test_limits_come_from_the_environment_and_nonsense_is_told():
    assert Limits.of({}) == Limits(queue=20)
    given = {keeping.QUEUE: "3", keeping.DAYS: "0.5", keeping.RUNS: "7", keeping.GIB: "1.5"}
    assert Limits.of(given) == Limits(3, 0.5, 7, 1.5)
    for bad in ("0", "-1", "two", "nan", "inf"):
        with pytest.raises(UsageError, match=keeping.DAYS):
            Limits.of({keeping.DAYS: bad})
    assert Limits().told() == ""
    assert "30 days" in Limits(days=30).told()


def test_without_limits_nothing_is_ever_removed(runs):
    aged(runs, 9000)
    assert keeping.expire(Limits()) == []


def test_runs_go_by_age_but_not_what_is_kept_used_or_running(runs):
    old, kept, used, new = (aged(runs, days) for days in (40, 40, 40, 20))
    running = aged(runs, 40, status="running", runner=os.getpid(), runner_started=_me())
    keeping.keep(kept, kept=True)
    keeping.touch(used.folder)
    assert keeping.expire(Limits(days=30)) == [old.run_id]
    assert not old.folder.exists()
    assert all(job.folder.exists() for job in (kept, used, new, running))
    assert not list(runs.glob(".gone-*"))
    keeping.keep(kept, kept=False)
    os.utime(kept.folder / "job.json", (0, 0))
    assert keeping.expire(Limits(days=30)) == [kept.run_id]


def test_the_longest_unused_go_by_number_and_by_room(runs):
    third, first, second = (aged(runs, days, bytes_=2**20) for days in (1, 3, 2))
    assert keeping.expire(Limits(runs=2)) == [first.run_id]
    assert keeping.expire(Limits(gib=1.5 / 1024)) == [second.run_id]
    assert third.folder.exists()
    keeping.keep(third, kept=True)
    assert keeping.expire(Limits(runs=1, gib=0.5 / 1024)) == []
    with pytest.raises(UsageError, match="Runs page"):
        keeping.make_room(Limits(gib=0.5 / 1024))


def test_uploads_that_wait_count_too_and_old_ones_go(runs):
    old, new = runs / ".upload-old", runs / ".upload-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "a.smi").write_bytes(b"C" * 2**20)
    for path in (*old.iterdir(), old):
        os.utime(path, (0, 0))
    keeping.room_for_upload(Limits(gib=1.5 / 1024))
    assert not old.exists()
    with pytest.raises(UsageError, match="runs and uploads"):
        keeping.room_for_upload(Limits(gib=0.5 / 1024))
    keeping.room_for_upload(Limits())


def test_the_queue_has_an_end(runs, started):
    for _ in range(2):
        run_id, _ = keeping.new_run("screen")
        jobs.start(run_id, "x", [jobs.Step("screen", ("true",))])
    with pytest.raises(UsageError, match="2 runs wait"):
        keeping.make_room(Limits(queue=2))
    keeping.make_room(Limits(queue=3))


def test_a_run_is_renamed_and_a_running_one_is_not_deleted(runs):
    job = aged(runs, 1)
    keeping.rename(job, "  EGFR,\nsecond try ")
    assert jobs.attach(job.run_id).title == "EGFR, second try"
    assert jobs.attach(job.run_id).steps == job.steps
    with pytest.raises(UsageError, match="name"):
        keeping.rename(job, " \n")
    live = aged(runs, 1, status="running", runner=os.getpid(), runner_started=_me())
    with pytest.raises(UsageError, match="cancel it first"):
        keeping.delete(live)
    keeping.delete(job)
    assert [one.run_id for one in jobs.recent()] == [live.run_id]


def test_what_a_stop_cut_short_is_finished_and_nothing_else_touched(runs):
    whole = runs / finished_run(runs)
    (runs / ".gone-0123").mkdir()
    (runs / "screen-0000000000000000").mkdir()  # never began
    (runs / "screen-1111111111111111").mkdir()  # about to begin
    (runs / "a folder of the user's").mkdir()
    (runs / ".slots").mkdir()
    os.utime(runs / "screen-0000000000000000", (0, 0))
    os.utime(runs / "a folder of the user's", (0, 0))
    keeping.sweep(runs)
    assert sorted(path.name for path in runs.iterdir()) == sorted(
        [".slots", "a folder of the user's", "screen-1111111111111111", whole.name]
    )
    keeping.sweep(runs / "none")
