"""Jobs: requests of the service, run in the background, known by an unguessable run id.

Everything about a job lies in its folder, so any tab, and a server started later, finds it again.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from molsearch import bundled
from molsearch.errors import InputError, UsageError
from molsearch.io.atomic import write_text
from molsearch.service.requests import Request
from molsearch_app import places
from molsearch_app.runner import CANCEL, JOB, LOG, STATE

_ID = re.compile(r"[a-z]{3,12}-[0-9a-f]{16}")
_KINDS = ("screen", "library", "benchmark", "verify", "train")
ENDED = ("done", "failed", "cancelled")
_LAUNCH_SECONDS = 60.0


@dataclass(frozen=True)
class Step:
    """One thing that a job does: one of `request`, `argv` and `remote`.

    Attributes
    ----------
    label
        What it does, in a word or two.
    argv
        A program of the application's own, with its arguments.
    request
        A request of the service, which ``molsearch run`` runs.
    remote
        A screen for a server: see `molsearch_app.remote.Remote`.
    optional
        Whether the job goes on where the step fails.
    seconds
        What it took where it is done already, before the job starts.
    """

    label: str
    argv: tuple[str, ...] = ()
    request: dict[str, Any] | None = None
    remote: dict[str, Any] | None = None
    optional: bool = False
    seconds: float | None = None

    @classmethod
    def of(cls, label: str, request: Request) -> Step:
        """Make a step of a request."""
        # What nobody set stays open: some defaults the encoder's card decides.
        asked = request.model_dump(mode="json", exclude_unset=True)
        return cls(label, request={"verb": request.verb, "version": request.version, **asked})

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Step:
        """Read a step from a job's file, one of an older version too."""
        known = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        return cls(**{**known, "argv": tuple(record.get("argv", ()))})


@dataclass(frozen=True)
class Status:
    """Where a job stands.

    Attributes
    ----------
    status
        ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
    step, label
        Number and name of the current step.
    progress
        Counts of the current stage, where it reports any.
    error
        Why it failed, one line.
    """

    status: str
    step: int = 0
    label: str = ""
    progress: dict[str, Any] | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    elapsed: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in ENDED


@dataclass(frozen=True)
class AppRun:
    """A job on disk."""

    run_id: str
    folder: Path
    kind: str
    title: str
    created: float
    steps: tuple[Step, ...]
    meta: dict[str, Any]

    def file(self, name: str) -> Path:
        """Path of one of its files."""
        return self.folder / name


def new_folder(kind: str) -> tuple[str, Path]:
    """Make the folder of a new run, where its uploads can be put before it starts."""
    if kind not in _KINDS:
        raise UsageError(f"no kind of job {kind!r}")
    run_id = f"{kind}-{secrets.token_hex(8)}"
    folder = places.runs_root() / run_id
    folder.mkdir(parents=True, mode=0o700)
    return run_id, folder


def start(
    run_id: str, title: str, steps: Sequence[Step], meta: Mapping[str, Any] | None = None
) -> AppRun:
    """Write the job's file and start its runner; returns at once."""
    folder = _folder(run_id)
    if (folder / JOB).exists():
        raise UsageError(f"run {run_id} was started before; make a new one")
    record = {
        "run_id": run_id,
        "kind": run_id.split("-")[0],
        "title": title[:200],
        "created": time.time(),
        "slots": max(1, int(os.environ.get("MOLSEARCH_APP_JOBS") or 2)),
        "steps": [asdict(step) for step in steps],
        "meta": dict(meta or {}),
    }
    write_text(folder / JOB, json.dumps(record, indent=1))
    if steps[0].seconds is not None:
        _begin_later(folder, steps)
    launch(folder)
    return attach(run_id)


def _begin_later(folder: Path, steps: Sequence[Step]) -> None:
    """Say that the first steps are done, until the runner is there to say more."""
    done = {step.label: step.seconds for step in steps if step.seconds is not None}
    began = time.time() - sum(filter(None, done.values()))
    _say(folder, status="running", step=len(done), seconds=done, began=began)


def _say(folder: Path, **state: Any) -> None:
    """Write a state in the runner's place, until it is there."""
    own = {"runner": os.getpid(), "runner_started": psutil.Process().create_time()}
    write_text(folder / STATE, json.dumps({**state, **own}))


def again(job: AppRun) -> None:
    """Start an ended job once more; what it has done of its work it finds again.

    Raises
    ------
    UsageError
        It has not ended.
    """
    if not status(job).ended:
        raise UsageError(f"{job.title!r} has not ended yet; wait for it, or cancel it")
    job.file(CANCEL).unlink(missing_ok=True)
    _say(job.folder, status="queued", began=time.time())
    launch(job.folder)


def launch(folder: Path) -> None:
    """Start the runner of a job in a session of its own."""
    environment = dict(os.environ)
    tree = bundled.checkout()
    if tree is not None:
        paths = [str(tree), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    # It must outlive this server and shares no terminal with it.
    process = subprocess.Popen(
        [sys.executable, "-m", "molsearch_app.runner", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    _launched[folder.name] = process


# Runners this server started: polled, so that a finished one does not stay a zombie.
_launched: dict[str, subprocess.Popen[bytes]] = {}


def attach(run_id: str) -> AppRun:
    """Find a job by its run id.

    Raises
    ------
    InputError
        There is no such run, or its file cannot be read.
    """
    folder = _folder(run_id)
    try:
        record = json.loads((folder / JOB).read_text())
        steps = tuple(Step.read(step) for step in record["steps"])
        return AppRun(
            run_id,
            folder,
            record["kind"],
            record["title"],
            float(record["created"]),
            steps,
            record["meta"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"there is no run {run_id!r} here: it was removed, or its address is mistyped"
        ) from error


def status(job: AppRun) -> Status:
    """Read where a job stands; a runner that has died leaves a failed job, not a running one."""
    runner = _launched.get(job.run_id)
    if runner is not None and runner.poll() is not None:
        del _launched[job.run_id]
    state = _state(job)
    if state is None:
        waiting = time.time() - job.created < _LAUNCH_SECONDS
        if waiting:
            return Status("queued", label=job.steps[0].label)
        return Status("failed", error="the run did not start; start it again")
    kind = state["status"]
    error = str(state.get("error") or "")
    if kind not in ENDED and not _alive(state):
        state = _state(job) or state  # it may have ended between the two looks
        kind = state["status"]
        if kind not in ENDED:
            kind, error = "failed", "the run was interrupted (the machine or a process stopped)"
    number = min(int(state.get("step", 0)), len(job.steps) - 1)
    return Status(
        status=kind,
        step=number,
        label=job.steps[number].label,
        progress=state.get("progress"),
        error=error,
        warnings=tuple(state.get("warnings", ())),
        seconds=state.get("seconds", {}),
        elapsed=float(state.get("ended") or time.time()) - float(state.get("began", job.created)),
    )


def retitle(job: AppRun, title: str) -> None:
    """Give a job another title; its runner has read the rest long ago."""
    record = json.loads(job.file(JOB).read_text())
    write_text(job.file(JOB), json.dumps({**record, "title": title[:200]}, indent=1))


def is_run_id(text: str) -> bool:
    """Say whether a text has the form of a run id."""
    return bool(_ID.fullmatch(text))


def cancel(job: AppRun) -> None:
    """Ask the runner to end the job; what is done of a library is kept for the next try."""
    write_text(job.file(CANCEL), "")


def log(job: AppRun, last: int = 200) -> str:
    """Last lines of what the commands said."""
    try:
        return "\n".join(job.file(LOG).read_text(errors="replace").splitlines()[-last:])
    except OSError:
        return ""


def recent(kind: str | None = None, limit: int = 20) -> list[AppRun]:
    """Newest jobs in the runs folder."""
    found = []
    root = places.runs_root()
    for folder in root.iterdir() if root.is_dir() else ():
        if not _ID.fullmatch(folder.name) or (kind and not folder.name.startswith(f"{kind}-")):
            continue
        try:
            found.append(attach(folder.name))
        except InputError:
            continue
    return sorted(found, key=lambda job: -job.created)[:limit]


def _folder(run_id: str) -> Path:
    """Folder of a run; an id is checked before it becomes part of a path."""
    if not _ID.fullmatch(run_id):
        raise InputError(
            f"{run_id[:60]!r} is no run id; open the run from the list, or check its address"
        )
    return places.runs_root() / run_id


def _state(job: AppRun) -> dict[str, Any] | None:
    try:
        found = json.loads(job.file(STATE).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "status" in found else None


def _alive(state: Mapping[str, Any]) -> bool:
    try:
        process = psutil.Process(int(state["runner"]))
        same = abs(process.create_time() - float(state["runner_started"])) < 2
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, KeyError, ValueError, TypeError):
        return False
