"""Training runs of an ablation, one process each: started, continued, skipped where finished."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablation.plan import Training
from molsearch.errors import UsageError
from molsearch.io.atomic import write_text
from molsearch.io.runs import processor
from molsearch.nn.weights import CARD_FILE

ROOT = Path(__file__).resolve().parents[1]
#: What the harness notes about a run: commits and machines that it was trained by.
NOTE_FILE = "ablation.json"
CONSOLE_FILE = "console.log"
_LOCK_FILE = ".ablation.lock"


@dataclass(frozen=True, slots=True)
class How:
    """How runs are executed; nothing here changes what they compute, but for rounding."""

    workers: int = 1
    threads: int = 1
    device: str = "cpu"
    cache: Path | None = None
    at_once: int = 1


def is_finished(folder: Path) -> bool:
    """Say whether a run has ended: its card is written last."""
    return (folder / CARD_FILE).is_file()


def command(job: Training, folder: Path, how: How) -> list[str]:
    """Command line of a run."""
    options = ["-n", str(how.workers), "--threads", str(how.threads), "--device", how.device]
    if how.cache is not None:
        options += ["--cache", str(how.cache)]
    for change in job.changes:
        options += ["--set", change]
    start = [sys.executable, "-m", "molsearch", "train"]
    return [*start, str(job.config_file), "-o", str(folder), *options]


def run_all(
    jobs: Sequence[Training],
    runs: Path,
    how: How,
    *,
    say: Callable[[str], None],
    on_end: Callable[[Training], None],
) -> list[str]:
    """Train what is not finished; return one line for each run that failed.

    Parameters
    ----------
    say
        Told of every run that starts, ends or is skipped.
    on_end
        Called after each run that ended well, in this thread.

    Raises
    ------
    UsageError
        Another process trains into `runs`.
    """
    waiting = [job for job in jobs if not is_finished(runs / job.name)]
    say(f"{len(jobs)} runs, {len(jobs) - len(waiting)} of them finished")
    failures = []
    with _alone(runs) as lock, ThreadPoolExecutor(how.at_once) as pool:
        crew = _Crew(how, lock, say)
        ends = {pool.submit(crew.run, job, runs / job.name): job for job in waiting}
        try:
            for end in as_completed(ends):
                reason = end.result()
                if reason:
                    failures.append(f"{ends[end].name}: {reason}")
                    say(failures[-1])
                else:
                    on_end(ends[end])
        finally:  # an interrupted harness leaves no run behind
            pool.shutdown(wait=False, cancel_futures=True)
            crew.stop()
    return failures


@contextmanager
def _alone(runs: Path) -> Iterator[int]:
    """Hold the folder's lock, and yield its handle.

    Runs inherit the handle: were the harness killed outright, its run would go on, and the lock
    with it, so that no second process trains into the same folder.
    """
    runs.mkdir(parents=True, exist_ok=True)
    with (runs / _LOCK_FILE).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{runs}: another ablation trains into it; wait for it") from None
        yield handle.fileno()


@dataclass
class _Crew:
    """Processes that train, so that they can be stopped together."""

    how: How
    lock: int
    say: Callable[[str], None]
    stopped: bool = False
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def run(self, job: Training, folder: Path) -> str:
        """Train one; return the reason of a failure, or nothing."""
        self.say(f"{job.name}: {'continued' if folder.exists() else 'started'}")
        folder.mkdir(parents=True, exist_ok=True)
        _note(folder, self.how)
        process = self._start(command(job, folder, self.how), folder / CONSOLE_FILE)
        code = process.wait() if process is not None else -1
        if code:
            lines = (folder / CONSOLE_FILE).read_text(errors="replace").strip().splitlines()
            return f"ended with {code}: {lines[-1] if lines else 'no word'}"
        self.say(f"{job.name}: finished")
        return ""

    def stop(self) -> None:
        """Ask all to end; a run continues from its last checkpoint."""
        with self.guard:
            self.stopped = True
            for process in self.running:
                if process.poll() is None:
                    process.terminate()

    def _start(self, words: Sequence[str], console: Path) -> subprocess.Popen[bytes] | None:
        environment, threads = dict(os.environ), self.how.threads
        if threads:
            environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
        with self.guard, console.open("ab") as output:
            if self.stopped:
                return None
            process = subprocess.Popen(
                words, cwd=ROOT, env=environment, stdout=output, stderr=output,
                pass_fds=(self.lock,),
            )  # fmt: skip
            self.running.append(process)
        return process


def _note(folder: Path, how: How) -> None:
    """Note commit and machine; a run continued elsewhere has several."""
    path = folder / NOTE_FILE
    parts: list[dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else []
    part = {"commit": commit(), "machine": machine(how)}
    if part not in parts:
        write_text(path, json.dumps([*parts, part], indent=1) + "\n")


def commit() -> str:
    """Commit of this checkout, with ``+`` where package or configurations differ from it."""
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--", "molsearch", "configs") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def machine(how: How) -> dict[str, Any]:
    """Describe what a run computes on."""
    return {
        "system": platform.system(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "device": how.device,
        "threads": how.threads,
    }
