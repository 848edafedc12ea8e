"""A prepared set, from request to folder."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from molsearch.data.failures import failure_groups, write_failures
from molsearch.data.prepare import NothingPreparedError
from molsearch.data.prepare import prepare as run
from molsearch.data.prepared import PreparedSet
from molsearch.io.atomic import write_text
from molsearch.progress import OnProgress
from molsearch.service.cluster import far
from molsearch.service.events import Done, Emit, Note, silent, stage
from molsearch.service.requests import PrepareRequest
from molsearch.service.told import reading_lines

_SHOWN = 5  # kinds of failure in the account


@dataclass(frozen=True)
class PreparedLibrary:
    """A prepared set, and what made it."""

    prepared: PreparedSet
    account: dict[str, Any]


def prepare(request: PrepareRequest, emit: Emit = silent) -> PreparedLibrary:
    """Prepare a library into a folder; an interrupted run is continued by the same request.

    Raises
    ------
    UsageError, InputError, IndexCorruptError
        The request, a file, or what stands in the folder cannot be used; where not one record
        can be prepared, the failures are written all the same.
    """
    started = time.monotonic()
    failures = None if request.failures is None else Path(request.failures)
    out = Path(request.output)
    with (
        far(request.cluster, request.staging, out, emit) as elsewhere,
        stage(emit, "preparing") as progress,
    ):
        told = _First(progress)
        try:
            prepared = run(
                request.library,
                out,
                request.read,
                request.prepare,
                workers=request.workers,
                overwrite=request.overwrite,
                limit=request.limit,
                far=elsewhere,
                on_progress=told,
            )
        except NothingPreparedError as error:
            if failures is not None:
                write_failures(PreparedSet.open(error.path).iter_failures(), failures)
            raise
    before = told.before or 0
    if failures is not None:
        write_failures(prepared.iter_failures(), failures)
    account = summarise(prepared, time.monotonic() - started, prepared.n_in - before)
    if before < prepared.n_in:
        _note_request(prepared.path / "run.json", request)
    for text in reading_lines(account["reading"]):
        emit(Note(text=text))
    emit(Done(verb="prepare", account=account))
    return PreparedLibrary(prepared, account)


class _First:
    """Passes progress on, and remembers what had been done before."""

    def __init__(self, progress: OnProgress) -> None:
        self._progress = progress
        self.before: int | None = None

    def __call__(self, done: int, failed: int) -> None:
        if self.before is None:
            self.before = done
        self._progress(done, failed)


def _note_request(path: Path, request: PrepareRequest) -> None:
    """Add the request to the set's own account."""
    record = json.loads(path.read_text())
    record["request"] = request.model_dump(mode="json")
    write_text(path, json.dumps(record, indent=1) + "\n")


def summarise(prepared: PreparedSet, seconds: float, fresh: int) -> dict[str, Any]:
    """Summary of a finished run.

    Parameters
    ----------
    prepared
        The finished set.
    seconds
        Duration of this run.
    fresh
        Records that this run did, as opposed to an earlier, interrupted one.
    """
    groups = failure_groups(prepared)
    stages: dict[str, int] = {}
    for group in groups:
        stages[group.stage] = stages.get(group.stage, 0) + group.count
    return {
        "output": str(prepared.path),
        "n_in": prepared.n_in,
        "n_ok": prepared.n_ok,
        "n_failed": prepared.n_failed,
        "failed_by_stage": stages,
        "failures": [asdict(group) for group in groups[:_SHOWN]],
        "reading": [asdict(reading) for reading in prepared.manifest.reading],
        "repeated_ids": asdict(prepared.repeated_ids()),
        "n_resumed": prepared.n_in - fresh,
        "seconds": round(seconds, 2),
        "per_second": round(fresh / seconds, 1) if seconds > 0 else None,
        "identity": prepared.identity,
    }
