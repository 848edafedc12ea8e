from __future__ import annotations

import json
import signal
import sys
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from molsearch.errors import InputError, UsageError
from molsearch.service.requests import VerifyRequest
from molsearch_app import jobs
from molsearch_app.runner import STATE
from molsearch_app.told import Told


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def python(code: str, label: str = "work", **changes: object) -> jobs.Step:
    return jobs.Step(label, (sys.executable, "-c", code), **changes)


def begin(*steps: jobs.Step) -> jobs.AppRun:
    run_id, _ = jobs.new_folder("screen")
    return jobs.start(run_id, "a run", steps, {"k": 5})


def wait(job: jobs.AppRun, until=lambda status: status.ended, seconds: float = 60) -> jobs.Status:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = jobs.status(job)
        if until(status):
            return status
        time.sleep(0.05)
    raise AssertionError(f"still {jobs.status(job)}; log: {jobs.log(job)}")


def test_steps_run_in_order_and_the_output_is_kept():
    job = begin(python("print('first')", "one"), python("open('never', 'r')", "two"))
    status = wait(job)
    assert status.status == "failed"
    assert status.step == 1
    assert "FileNotFoundError" in status.error
    assert jobs.log(job).startswith("first\n")
    assert jobs.attach(job.run_id).meta == {"k": 5}


def test_an_optional_step_may_fail():
    job = begin(python("raise SystemExit(3)", "map", optional=True), python("pass", "rest"))
    status = wait(job)
    assert status.status == "done"
    assert list(status.seconds) == ["map", "rest"]


def events(*told: dict[str, object], end: str = "") -> str:
    """A program that tells what ``molsearch run --events`` would."""
    return f"for line in {[json.dumps(one) for one in told]!r}: print(line, flush=True)\n{end}"


def test_the_one_line_of_a_deliberate_error_is_the_error():
    failure = {"event": "failure", "message": "no index at x", "kind": "InputError", "exit_code": 3}
    code = events({"event": "warning", "text": "odd"}, failure, end="raise SystemExit(3)")
    status = wait(begin(python(code)))
    assert status.error == "no index at x"
    assert status.warnings == ("odd",)


def test_progress_is_read_while_the_command_runs():
    counts = {"event": "progress", "stage": "embedding", "done": 4, "failed": 1, "total": 10}
    job = begin(python(events(counts, end="import time; time.sleep(60)")))
    status = wait(job, lambda s: s.progress is not None)
    assert status.status == "running"
    assert (status.progress["stage"], status.progress["done"]) == ("embedding", 4)
    assert (status.progress["total"], status.progress["failed"]) == (10, 1)
    jobs.cancel(job)
    assert wait(job).status == "cancelled"


def test_a_request_runs_in_a_process_of_its_own_and_its_mistake_is_told(tmp_path):
    run_id, _ = jobs.new_folder("verify")
    step = jobs.Step.of("verify", VerifyRequest(path=str(tmp_path / "nowhere")))
    status = wait(jobs.start(run_id, "x", [step]), seconds=240)
    assert status.status == "failed"
    assert "nowhere" in status.error
    assert "\n" not in status.error


def test_what_was_done_before_the_job_is_not_done_again():
    run_id, _folder = jobs.new_folder("screen")
    done = jobs.Step("screen", (sys.executable, "-c", "raise SystemExit(1)"), seconds=0.5)
    job = jobs.start(run_id, "x", [done, python("pass", "map")])
    assert jobs.status(job).label == "map"  # before the runner has said anything
    status = wait(job)
    assert status.status == "done"
    assert list(status.seconds) == ["screen", "map"]
    assert status.seconds["screen"] == 0.5


def test_a_cancelled_job_gets_an_interrupt_before_anything_harder():
    code = (
        "import time\ntry:\n    print('up', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt:\n    open('{}', 'w').write('asked')"
    )
    run_id, folder = jobs.new_folder("screen")
    # As where a shell has started the server in the background.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        job = jobs.start(run_id, "x", [python(code.format(folder / "end"))])
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 30
    while "up" not in jobs.log(job):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    jobs.cancel(job)
    assert wait(job).status == "cancelled"
    assert (folder / "end").read_text() == "asked"


def test_a_job_waits_for_a_slot_and_can_be_cancelled_there(monkeypatch):
    monkeypatch.setenv("MOLSEARCH_APP_JOBS", "1")
    first = begin(python("import time; time.sleep(60)"))
    wait(first, lambda s: s.status == "running")
    second = begin(python("pass"))
    assert wait(second, lambda s: second.file(STATE).exists()).status == "queued"
    jobs.cancel(second)
    assert wait(second).status == "cancelled"
    jobs.cancel(first)
    assert wait(first).status == "cancelled"


def test_a_run_whose_runner_died_is_failed_not_running():
    run_id, folder = jobs.new_folder("screen")
    job = jobs.start(run_id, "x", [python("pass")])
    wait(job)
    state = json.loads((folder / STATE).read_text())
    (folder / STATE).write_text(json.dumps({**state, "status": "running", "runner_started": 1.0}))
    status = jobs.status(job)
    assert status.status == "failed"
    assert "interrupted" in status.error


def test_a_run_starts_once():
    job = begin(python("pass"))
    with pytest.raises(UsageError, match="before"):
        jobs.start(job.run_id, "again", [python("pass")])
    wait(job)


@pytest.mark.parametrize(
    "run_id", ["../../etc", "screen-../x", "<script>", "", "screen-123", "screen-" + "g" * 16]
)
def test_hostile_run_ids_never_become_paths(run_id):
    with pytest.raises(InputError, match="run"):
        jobs.attach(run_id)


def test_an_unknown_run_says_so():
    with pytest.raises(InputError, match="no run 'screen-0123456789abcdef'"):
        jobs.attach("screen-0123456789abcdef")


def test_recent_runs_pass_over_broken_folders(runs):
    job = begin(python("pass"))
    wait(job)
    (runs / "screen-0000000000000000").mkdir()
    (runs / "other").mkdir()
    assert [one.run_id for one in jobs.recent()] == [job.run_id]
    assert jobs.recent("benchmark") == []


@given(st.text() | st.dictionaries(st.text(), st.integers()).map(json.dumps))
@example('{"event":0}')
def test_a_line_that_is_no_event_is_logged_as_it_is(line):
    told = Told()
    assert told.take(line) == line
    assert told.progress is None


def test_the_rate_of_a_stage_leaves_out_what_an_earlier_run_did(monkeypatch):
    clock = iter([100.0, 102.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    told = Told()
    for done in (1000, 1050):
        told.take(json.dumps({"event": "progress", "stage": "preparing", "done": done,
                              "earlier": 1000, "total": 1100}))  # fmt: skip
    assert (told.progress["rate"], told.progress["left"]) == (25, "0:02")
    told.take('{"event": "waiting", "reason": "another run is making it"}')
    assert told.progress == {"stage": "waiting", "note": "another run is making it"}
