"""Runs one job's steps in a process of its own, so that a job outlives page, tab and server.

Started by `molsearch_app.jobs.start` as ``python -m molsearch_app.runner RUN_FOLDER``. It gives
each step a terminal to report its progress to, reads that, and keeps ``state.json`` true. Standard
library only: it must start at once and hold no memory while a job computes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

JOB, STATE, CANCEL, LOG = "job.json", "state.json", "cancel", "log.txt"
SLOTS = ".slots"
_TICK = 0.25
_GRACE = 6.0
_MAX_LOG = 2_000_000
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PROGRESS = re.compile(
    r"(?P<stage>[^:]{1,80}): (?P<done>[\d,]+)(?: of (?P<total>[\d,]+))? · (?P<rate>[\d,]+)/s"
    r"(?: · (?P<left>[\d:]+) left)?(?: · [\d:]+)?(?: · (?P<failed>[\d,]+) failed)?"
)
_STEP = re.compile(r"step (?P<done>[\d,]+) of (?P<total>[\d,]+) · (?P<rest>.*)")
_WAITING = re.compile(r"waiting: (?P<rest>.*)")
_COUNTED = re.compile(r"(?P<name>.+) \((?P<done>\d+) of (?P<total>\d+)\): (?P<rest>.*)")
_PREFIX = "molsearch: "


def read_progress(line: str) -> dict[str, Any] | None:
    """Read a progress line of the command line; None where it is something else."""
    found = _PROGRESS.fullmatch(line)
    if found:
        numbers = {
            name: int(found[name].replace(",", "")) if found[name] else None
            for name in ("done", "total", "rate", "failed")
        }
        return {"stage": found["stage"], "left": found["left"], **numbers}
    found = _STEP.fullmatch(line)
    if found:
        done, total = (int(found[name].replace(",", "")) for name in ("done", "total"))
        return {"stage": "training", "done": done, "total": total, "note": found["rest"]}
    found = _WAITING.fullmatch(line)
    if found:
        return {"stage": "waiting", "note": found["rest"]}
    found = _COUNTED.fullmatch(line)
    if found:
        return {
            "stage": f"target {found['name']}",
            "done": int(found["done"]),
            "total": int(found["total"]),
            "note": found["rest"],
        }
    return None


class Runner:
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

    def run(self) -> None:
        """Run to the end, whatever the end is."""
        self.save()
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
            self.state.update(step=number, progress=None)
            self.save()
            started = time.monotonic()
            code = self._step(step)
            self.state["seconds"][step["label"]] = round(time.monotonic() - started, 2)
            if self._cancelled():
                self._finish("cancelled")
                return
            if code and not step.get("optional"):
                self._finish("failed", exit_code=code, error=self._error(code))
                return
        self._finish("done", exit_code=0)

    def _finish(self, status: str, **facts: Any) -> None:
        self.state.update(status=status, progress=None, ended=time.time(), **facts)
        self.save()

    def _cancelled(self) -> bool:
        return (self.folder / CANCEL).exists()

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
                time.sleep(_TICK)
            yield False
        finally:
            for handle in handles:
                handle.close()

    def _step(self, step: dict[str, Any]) -> int:
        environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "160"}
        output = step.get("stdout")
        with contextlib.ExitStack() as stack:
            stdout: Any = subprocess.DEVNULL
            if output:
                stdout = stack.enter_context((self.folder / output).open("wb"))
            log = stack.enter_context((self.folder / LOG).open("a", encoding="utf-8"))
            log.write(f"$ {shlex.join(typed(step['argv']))}\n")
            reader, writer = _terminal()
            stack.callback(os.close, reader)
            child = subprocess.Popen(
                step["argv"],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=writer,
                env=environment,
                start_new_session=True,
            )
            os.close(writer)
            self._watch(child, reader, log)
            return child.wait()

    def _watch(self, child: subprocess.Popen[bytes], reader: int, log: Any) -> None:
        """Read the child's terminal until it closes; end the child where the user asks."""
        rest = ""
        asked: float | None = None
        sent = 0
        while True:
            ready, _, _ = select.select([reader], [], [], _TICK)
            if ready:
                try:
                    chunk = os.read(reader, 65536)
                except OSError:  # the terminal's other end has closed
                    break
                if not chunk:
                    break
                rest = self._take(rest + chunk.decode("utf-8", "replace"), log)
            elif child.poll() is not None:
                break
            if self._cancelled():
                asked = asked or time.monotonic()
                sent = _end(child, time.monotonic() - asked, sent)
        self._take(rest + "\n", log)

    def _take(self, text: str, log: Any) -> str:
        """Take whole lines; returns what is left of the last one."""
        *lines, rest = re.split(r"[\r\n]+", text)
        # A bar on a terminal is rewritten in place: its newest text has no line end yet.
        for line in [*lines, rest]:
            progress = read_progress(_ESCAPES.sub("", line).strip())
            if progress is not None:
                self.state["progress"] = progress
        for line in lines:
            self._line(_ESCAPES.sub("", line).rstrip(), log)
        if time.monotonic() - self._written > _TICK:
            self.save()
        return rest

    def _line(self, line: str, log: Any) -> None:
        if not line or read_progress(line.strip()) is not None:
            return
        if log.tell() < _MAX_LOG:
            log.write(line + "\n")
            log.flush()
        if line.startswith(_PREFIX + "warning: "):
            self.state["warnings"].append(line[len(_PREFIX + "warning: ") :])
        elif line.startswith(_PREFIX):
            self.state["message"] = line[len(_PREFIX) :]

    def _error(self, code: int) -> str:
        said = self.state.get("message")
        if said:
            return str(said)
        if code < 0:
            return (
                f"the process was ended by signal {-code}"
                + (" (out of memory?)" if code == -signal.SIGKILL else "")
                + "; start the run again"
            )
        lines = (self.folder / LOG).read_text(errors="replace").splitlines()
        return lines[-1] if lines else f"the process ended with exit code {code}"


def typed(argv: list[str]) -> list[str]:
    """Give a step's command as a user would type it."""
    own = argv[1:3] == ["-m", "molsearch"]
    return ["molsearch", *argv[3:]] if own else ["python", *argv[1:]]


def _terminal() -> tuple[int, int]:
    """Return a reading and a writing end: a terminal where there are any, else a pipe."""
    try:
        import pty
    except ImportError:
        return os.pipe()
    return pty.openpty()


def _end(child: subprocess.Popen[bytes], waited: float, sent: int) -> int:
    """Ask first, insist after `_GRACE` seconds, kill after twice that; returns what was sent."""
    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    due = min(int(waited // _GRACE), len(kinds) - 1) + 1
    if due > sent:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, kinds[due - 1])
    return max(sent, due)


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
    Runner(Path(sys.argv[1])).run()


if __name__ == "__main__":
    main()
