"""Screens that nobody waits for: those that take long in processes, whose events clients follow.

A process that dies takes nothing with it; a small job is done by the warm threads, in a fraction of
the second in which a process has not begun. What a job has made is kept for a while in the server's
temporary folder, and is gone when the server stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from molsearch.errors import InputError, MolSearchError
from molsearch.server.bodies import Format, JobState
from molsearch.server.libraries import Shelf
from molsearch.server.refusals import NO_ROOM, Refused, has_no_room, log
from molsearch.server.settings import Limits
from molsearch.server.work import Desk
from molsearch.service import events
from molsearch.service.events import read_event
from molsearch.service.requests import ScreenRequest
from molsearch.service.screen import screen
from molsearch.service.session import Session
from molsearch.words import counted

ENDED = ("done", "failed", "cancelled")
_GRACE = 5.0
_MAX_LINE = 1 << 20
# Of an account, what is a client's business.
_TOLD = ("n_hits", "config", "ranking", "queries", "inactives", "encoder", "warnings", "seconds")
_TOLD_OF_INDEX = ("generation", "n_molecules", "n_failed", "library")
Status = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass
class Job:
    """One job, as it goes along."""

    id: str
    client: str
    folder: Path
    output: Path
    library: str
    format: Format
    request: ScreenRequest
    small: bool = False
    created: float = field(default_factory=time.time)
    status: Status = "queued"
    error: str = ""
    warnings: list[str] = field(default_factory=list)
    progress: events.Progress | None = None
    told: list[str] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)
    ended: float | None = None
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[None] | None = None

    def state(self) -> JobState:
        """Say where it stands."""
        progress = self.progress
        return JobState(
            id=self.id,
            status=self.status,
            error=self.error,
            warnings=tuple(self.warnings),
            stage="" if progress is None else progress.stage,
            done=0 if progress is None else progress.done,
            total=None if progress is None else progress.total,
            created=round(self.created, 3),
            seconds=round((self.ended or time.time()) - self.created, 3),
            events=f"/v1/jobs/{self.id}/events",
            hits=f"/v1/jobs/{self.id}/hits" if self.status == "done" else None,
        )


class Jobs:
    """All jobs of a server.

    Parameters
    ----------
    desk
        Where small jobs are done; None where every job has a process.
    """

    def __init__(self, limits: Limits, shelf: Shelf, desk: Desk | None = None) -> None:
        self._limits, self._shelf, self._desk = limits, shelf, desk
        self._folder = Path(tempfile.mkdtemp(prefix="molsearch-jobs-"))
        self._turn = asyncio.Semaphore(limits.jobs_at_a_time)
        self._jobs: dict[str, Job] = {}

    @property
    def n_open(self) -> int:
        """Jobs that wait or run."""
        return sum(job.status not in ENDED for job in self._jobs.values())

    def start(
        self,
        client: str,
        request: ScreenRequest,
        library: str,
        file_format: Format,
        *,
        small: bool = False,
    ) -> Job:
        """Take a job on; a `small` one is done by the warm threads where they have room.

        Raises
        ------
        Refused
            429 where the client has too many, 503 where the server has.
        OSError
            The disk refuses; nothing is left of the job.
        """
        self._sweep()
        mine = sum(job.status not in ENDED for job in self.of(client))
        if mine >= self._limits.jobs_a_client:
            raise Refused(
                429, f"{counted(mine, 'job')} of yours are open; await one", retry_after=10
            )
        if self.n_open >= self._limits.jobs:
            raise Refused(503, "too many jobs wait; ask again later", retry_after=30)
        job_id = secrets.token_urlsafe(12)
        folder = self._folder / job_id
        # JSON is made of the table, whose types it keeps.
        suffix = "parquet" if file_format == "json" else file_format
        output = folder / f"hits.{suffix}"
        placed = request.model_copy(update={"output": str(output)})
        job = Job(job_id, client, folder, output, library, file_format, placed, small)
        try:
            folder.mkdir(mode=0o700)
            (folder / "request.json").write_text(placed.model_dump_json())
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._jobs[job_id] = job
        job.task = asyncio.get_running_loop().create_task(self._run(job))
        return job

    def of(self, client: str) -> list[Job]:
        """List a client's jobs, newest first."""
        mine = [job for job in self._jobs.values() if job.client == client]
        return sorted(mine, key=lambda job: -job.created)

    def find(self, job_id: str, client: str) -> Job:
        """Find a client's job; another's is as good as none.

        Raises
        ------
        Refused
            404.
        """
        job = self._jobs.get(job_id)
        if job is None or job.client != client:
            raise Refused(404, "no such job: it has expired, or its address is mistyped")
        return job

    def cancel(self, job: Job) -> None:
        """End a job."""
        if job.task is not None and job.status not in ENDED:
            job.task.cancel()

    async def follow(self, job: Job, after: int = 0) -> AsyncIterator[str]:
        """Yield the events of a job as lines of an event stream, from the beginning."""
        position = after
        while True:
            for number in range(position, len(job.told)):
                line = job.told[number]
                kind = json.loads(line)["event"]
                yield f"id: {number + 1}\nevent: {kind}\ndata: {line}\n\n"
            position = max(position, len(job.told))
            if job.status in ENDED:
                return
            async with job.news:
                if position >= len(job.told) and job.status not in ENDED:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(job.news.wait(), 15)
                        continue
                    yield ": still here\n\n"

    async def close(self) -> None:
        """End all jobs and remove what they made."""
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _run(self, job: Job) -> None:
        try:
            if job.small and self._desk is not None and self._desk.has_room:
                job.status = "running"
                await self._at_the_desk(job, self._desk)
                return
            async with self._turn:
                job.status = "running"
                async with asyncio.timeout(self._limits.seconds_a_job):
                    await self._process(job)
        except asyncio.CancelledError:
            await self._end(job, "cancelled", "cancelled")
        except TimeoutError:
            await self._end(
                job, "failed", f"not done within {self._limits.seconds_a_job:g} s; ask for less"
            )
        except (MolSearchError, Refused) as error:
            await self._end(job, "failed", self._shelf.without_paths(str(error)))
        except OSError as error:
            log.exception("job %s", job.id)
            await self._end(job, "failed", NO_ROOM if has_no_room(error) else str(error.strerror))
        except Exception:  # noqa: BLE001 - whatever it was, the job has ended
            log.exception("job %s", job.id)
            await self._end(job, "failed", "an error of the server's; its log says more")

    async def _at_the_desk(self, job: Job, desk: Desk) -> None:
        told: list[events.Event] = []

        def work(session: Session) -> None:
            screen(job.request, session, told.append, held=False)

        await desk.do(work, self._limits.seconds_at_once)
        for event in told:
            await self._heard(job, event)
        await self._end(job, "done", "")

    async def _process(self, job: Job) -> None:
        with (job.folder / "log.txt").open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "molsearch", "run", "request.json", "--events"),
                cwd=job.folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
                limit=_MAX_LINE,
                start_new_session=True,
            )
            try:
                assert process.stdout is not None
                async for line in process.stdout:
                    await self._take(job, line.decode("utf-8", "replace"))
                code = await process.wait()
            finally:
                await _stop(process)
        if code == 0 and job.output.is_file():
            await self._end(job, "done", "")
        else:
            died = f"the job's process died (exit code {code}); ask again"
            await self._end(job, "failed", job.error or died)

    async def _take(self, job: Job, line: str) -> None:
        try:
            event = read_event(line)
        except InputError:
            log.warning("job %s said: %.200s", job.id, line)
            return
        await self._heard(job, event)

    async def _heard(self, job: Job, event: events.Event) -> None:
        match event:
            case events.Done(account=account):
                job.account = self._for_clients(account)
                return  # told when the process has ended well
            case events.Failure(message=message):
                job.error = self._shelf.without_paths(message)
                return
            case events.Warned(text=text):
                event = events.Warned(text=self._shelf.without_paths(text))
                job.warnings.append(event.text)
            case events.Note(text=text):
                event = events.Note(text=self._shelf.without_paths(text))
            case events.Progress():
                job.progress = event
        await self._tell(job, event.model_dump_json())

    def _for_clients(self, account: dict[str, Any]) -> dict[str, Any]:
        """Keep what made the hits, without the server's folders."""
        kept = {name: account[name] for name in _TOLD if name in account}
        kept["warnings"] = [self._shelf.without_paths(text) for text in kept.get("warnings", ())]
        index = account.get("index", {})
        kept["index"] = {name: index[name] for name in _TOLD_OF_INDEX if name in index}
        return kept

    async def _end(self, job: Job, status: Status, error: str) -> None:
        # The last line is there before the state says that no more will come.
        hits = f"/v1/jobs/{job.id}/hits"
        last: dict[str, Any] = {"event": "failure", "message": error}
        if status == "done":
            last = {"event": "done", "verb": "screen", "hits": hits, "account": job.account}
        job.told.append(json.dumps(last))
        job.status, job.error, job.ended = status, error, time.time()
        async with job.news:
            job.news.notify_all()

    async def _tell(self, job: Job, line: str) -> None:
        async with job.news:
            job.told.append(line)
            job.news.notify_all()

    def _sweep(self) -> None:
        """Forget jobs that ended long ago."""
        oldest = time.time() - self._limits.hours_kept * 3600
        for job in [one for one in self._jobs.values() if (one.ended or oldest) < oldest]:
            shutil.rmtree(job.folder, ignore_errors=True)
            del self._jobs[job.id]


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Ask a process and its children to end; insist after a while."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, kind)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)
