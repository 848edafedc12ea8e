from __future__ import annotations

import json
import signal
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.errors import InputError, UsageError
from molsearch_app import jobs
from molsearch_app.runner import STATE, read_progress


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def python(code: str, label: str = "work", **changes: object) -> jobs.Step:
    return jobs.Step(label, (sys.executable, "-c", code), **changes)


def begin(*steps: jobs.Step) -> jobs.Job:
    run_id, _ = jobs.new_folder("screen")
    return jobs.start(run_id, "a run", steps, {"k": 5})


def wait(job: jobs.Job, until=lambda status: status.ended, seconds: float = 60) -> jobs.Status:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = jobs.status(job)
        if until(status):
            return status
        time.sleep(0.05)
    raise AssertionError(f"still {jobs.status(job)}; log: {jobs.log(job)}")


def test_steps_run_in_order_and_the_output_is_kept():
    job = begin(
        python("print('first')", "one", stdout="one.txt"), python("open('never', 'r')", "two")
    )
    status = wait(job)
    assert status.status == "failed"
    assert status.step == 1
    assert "FileNotFoundError" in status.error
    assert job.file("one.txt").read_text() == "first\n"
    assert jobs.attach(job.run_id).meta == {"k": 5}


def test_an_optional_step_may_fail():
    job = begin(python("raise SystemExit(3)", "map", optional=True), python("pass", "rest"))
    status = wait(job)
    assert status.status == "done"
    assert list(status.seconds) == ["map", "rest"]


def test_the_one_line_of_a_deliberate_error_is_the_error():
    code = (
        "import sys; print('molsearch: warning: odd', file=sys.stderr);"
        "print('molsearch: no index at x', file=sys.stderr); sys.exit(3)"
    )
    status = wait(begin(python(code)))
    assert status.error == "no index at x"
    assert status.warnings == ("odd",)


def test_progress_is_read_while_the_command_runs():
    code = (
        "import sys, time\n"
        "from molsearch.cli.progress import Progress\n"
        "with Progress('embedding', 10) as bar:\n"
        "    time.sleep(.3); bar.update(4, 1); time.sleep(60)"
    )
    job = begin(python(code))
    status = wait(job, lambda s: s.progress is not None)
    assert status.status == "running"
    assert (status.progress["stage"], status.progress["done"]) == ("embedding", 4)
    assert (status.progress["total"], status.progress["failed"]) == (10, 1)
    jobs.cancel(job)
    assert wait(job).status == "cancelled"


def test_a_cancelled_job_gets_an_interrupt_before_anything_harder():
    code = (
        "import time\ntry:\n    print('up', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt:\n    open('{}', 'w').write('asked')"
    )
    run_id, folder = jobs.new_folder("screen")
    # As where a shell has started the server in the background.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        job = jobs.start(run_id, "x", [python(code.format(folder / "end"), stdout="out")])
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 30
    while not (folder / "out").exists() or not (folder / "out").read_text():
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


def test_the_shown_command_can_be_pasted():
    step = jobs.Step("screen", jobs.molsearch_command("screen", "-q", "C(=O)O it's"))
    assert jobs.shown(step) == """molsearch screen -q 'C(=O)O it'"'"'s'"""


@given(st.text())
def test_reading_progress_never_fails(line):
    read_progress(line)


def test_progress_lines_of_every_verb():
    assert read_progress("preparing: 1,204 · 310/s · 0:04 · 7 failed") == {
        "stage": "preparing", "done": 1204, "total": None, "rate": 310, "left": None, "failed": 7,
    }  # fmt: skip
    assert read_progress("embedding: 4 of 10 · 2/s · 0:03 left")["left"] == "0:03"
    assert read_progress("step 20 of 1,500 · loss 3.1 · 240 molecules/s")["total"] == 1500
    assert read_progress("aces (3 of 10): BEDROC ecfp4 0.5")["stage"] == "target aces"
    assert read_progress("waiting: another run is making the index of this library") == {
        "stage": "waiting", "note": "another run is making the index of this library",
    }  # fmt: skip
    assert read_progress("molsearch: no index") is None
