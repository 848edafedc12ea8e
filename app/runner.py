"""Runs one job's steps in a process of its own, so that a job outlives page, tab and server.

Started by `molsearch_app.jobs.start` as ``python -m molsearch_app.runner RUN_FOLDER``. A step is a
request of the service, run by ``molsearch run`` or by a server; its events keep ``state.json``
true. Standard library only: it must start at once and hold no memory while a job computes.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from molsearch_app.child import TICK, Child
from molsearch_app.remote import Remote
from molsearch_app.told import Told

JOB, STATE, CANCEL, LOG = "job.json", "state.json", "cancel", "log.txt"
SLOTS = ".slots"
_MAX_LOG = 2_000_000


class StepRunner:
    """One job, step by step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.job: dict[str, Any] = json.loads((folder / JOB).read_text())
        self.state: dict[str, Any] = {
            "status": "queued",
            "runner": os.getpid(),
            "runner_started": _started(os.getpid()),
            "step": 0,
            "progress": None,
            "warnings": [],
            "seconds": {},
            "began": time.time(),
        }
        self._written = 0.0
        self._asked: float | None = None

    def run(self) -> None:
        """Run to the end, whatever the end is."""
        if not any(step.get("seconds") is not None for step in self.job["steps"]):
            self.save()  # else what is there says more than that it waits
        try:
            with self._slot() as granted:
                if granted:
                    self._steps()
                else:
                    self._finish("cancelled")
        except Exception as error:  # noqa: BLE001 - the page must learn of any end
            self._finish("failed", error=f"{type(error).__name__}: {error}")

    def save(self) -> None:
        """Write the state, whole or not at all."""
        temporary = self.folder / f".{STATE}.tmp-{os.getpid()}"
        temporary.write_text(json.dumps({**self.state, "updated": time.time()}))
        temporary.replace(self.folder / STATE)
        self._written = time.monotonic()

    def _steps(self) -> None:
        self.state["status"] = "running"
        for number, step in enumerate(self.job["steps"]):
            if step.get("seconds") is not None:  # done before the job began
                self.state["seconds"][step["label"]] = step["seconds"]
                self.state["began"] -= step["seconds"]
                continue
            self.state.update(step=number, progress=None)
            self.save()
            started = time.monotonic()
            error = self._step(number, step)
            self.state["seconds"][step["label"]] = round(time.monotonic() - started, 2)
            if self._cancelled():
                self._finish("cancelled")
                return
            if error and not step.get("optional"):
                self._finish("failed", error=error)
                return
        self._finish("done")

    def _finish(self, status: str, **facts: Any) -> None:
        self.state.update(status=status, progress=None, ended=time.time(), **facts)
        self.save()

    def _cancelled(self) -> bool:
        return (self.folder / CANCEL).exists()

    def _ending(self) -> float | None:
        """Seconds since the user asked for the end; None where nobody has."""
        if self._asked is None and self._cancelled():
            self._asked = time.monotonic()
        return None if self._asked is None else time.monotonic() - self._asked

    @contextlib.contextmanager
    def _slot(self) -> Iterator[bool]:
        """Wait for one of the slots; yields False where the job is cancelled before its turn."""
        try:
            import fcntl
        except ImportError:  # no such locks here: every job runs at once
            yield True
            return
        folder = self.folder.parent / SLOTS
        folder.mkdir(exist_ok=True)
        handles = [
            (folder / str(n)).open("w") for n in range(max(1, int(self.job.get("slots", 2))))
        ]
        try:
            while not self._cancelled():
                for handle in handles:
                    with contextlib.suppress(OSError):
                        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        yield True
                        return
                time.sleep(TICK)
            yield False
        finally:
            for handle in handles:
                handle.close()

    def _step(self, number: int, step: dict[str, Any]) -> str:
        """Run a step; returns why it failed, or nothing."""
        told = Told()
        with (self.folder / LOG).open("a", encoding="utf-8") as log:

            def take(line: str) -> None:
                _write(log, told.take(line))
                self._show(told)

            if step.get("remote"):
                return Remote(self.folder, step["remote"]).run(take, self._ending) or told.error
            argv = step["argv"]
            if step.get("request"):
                file = self.folder / f"request-{number + 1}.json"
                file.write_text(json.dumps(step["request"]))
                argv = [sys.executable, "-m", "molsearch", "run", str(file), "--events"]
            # Where a library says something by itself, the log alone is the place.
            child = Child(argv, Path.cwd(), take, lambda line: _write(log, line))
            code = child.watch(self._ending, lambda: self._show(told))
        return self._error(code, told) if code else ""

    def _show(self, told: Told) -> None:
        """Show what was told; the state is written a few times a second at most."""
        self.state["progress"] = told.progress
        new = [text for text in told.warnings if text not in self.state["warnings"]]
        self.state["warnings"] += new
        if time.monotonic() - self._written > TICK:
            self.save()

    def _error(self, code: int, told: Told) -> str:
        if told.error:
            return told.error
        if code < 0:
            return (
                f"the process was ended by signal {-code}"
                + (" (out of memory?)" if code == -signal.SIGKILL else "")
                + "; start the run again"
            )
        lines = (self.folder / LOG).read_text(errors="replace").splitlines()
        last = lines[-1].removeprefix("molsearch: ") if lines else ""
        return last or f"the process ended with exit code {code}"


def _write(log: TextIO, line: str) -> None:
    if line and log.tell() < _MAX_LOG:
        log.write(line + "\n")
        log.flush()


def _started(pid: int) -> float:
    """When a process began, which tells it from a later one with the same number."""
    try:
        import psutil

        return float(psutil.Process(pid).create_time())
    except Exception:  # noqa: BLE001 - gone already, or no psutil
        return 0.0


def main() -> None:
    """Run the job whose folder is the only argument."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN) if hasattr(signal, "SIGHUP") else None
    # A server that a shell started in the background ignores interrupts, and its children inherit
    # that: without a handler here, cancelling would have to kill them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    StepRunner(Path(sys.argv[1])).run()


if __name__ == "__main__":
    main()
