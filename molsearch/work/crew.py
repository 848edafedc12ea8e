"""Worker processes that may die: fed one batch at a time, replaced when they fall.

Each worker has a pipe of its own and answers item by item, so whatever happens to it, the
parent knows which item it was at. Nothing is shared between workers: no lock that a killed one
could take along, no queue it could leave half-written.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pickle import UnpicklingError
from typing import Any

import psutil

from molsearch.chem.signals import without_interrupts
from molsearch.errors import MolSearchError
from molsearch.work.job import Parcel, Raised
from molsearch.work.nursery import context, surroundings
from molsearch.work.worker import serve

_START_LIMIT = 180.0  # s until a new worker must report
_FALSE_STARTS = 3  # workers in a row that die before they report
_LONGEST_WAIT = 60.0  # s
_SLEEPING = 10.0  # times its limit that a worker may take on the clock
_LOST = (EOFError, OSError, UnpicklingError)


@dataclass(slots=True)
class _Errand:
    """The part of a job that one worker is sent with."""

    job: Parcel
    start: int
    stop: int
    last_try: bool = False


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    since: float  # when it was last heard of, or sent off
    check: float  # when to look whether it is stuck
    spent: float = 0.0  # s of processor time when it was sent off
    ready: bool = False
    errand: _Errand | None = None


class Crew:
    """A fixed number of workers.

    Parameters
    ----------
    size
        Number of processes.
    task
        What every worker does with an item.
    limit
        Seconds of processor time after which a worker is killed over one item; ten times that
        on the clock, for one that sleeps. A slow item on a busy machine is not at fault.
    lost
        Makes the outcome of an item that is lost; without it, that is an error.
    preload
        Modules that the task will import, see `molsearch.work.nursery`.
    """

    def __init__(
        self,
        size: int,
        task: Callable[[Any], Any],
        limit: float = math.inf,
        lost: Callable[[Any, str], Any] | None = None,
        preload: Sequence[str] = (),
    ) -> None:
        self._size = size
        self._task = task
        self._limit = limit
        self._lost = lost
        self._context = context(preload)
        self._workers: list[_Worker] = []
        self._errands: deque[_Errand] = deque()
        self._false_starts = 0

    def submit(self, job: Parcel) -> None:
        """Queue a job behind all others."""
        self._errands.append(_Errand(job, 0, len(job.items)))

    def step(self) -> None:
        """Send idle workers off, wait for news, and deal with it.

        Raises
        ------
        MolSearchError
            Workers cannot start.
        """
        while len(self._workers) < self._size:
            self._workers.append(self._hire())
        idle = [one for one in self._workers if one.ready and one.errand is None]
        for worker in idle:
            if self._errands:
                self._send(worker, self._errands.popleft())
        if not self._workers:
            return
        first = min(worker.check for worker in self._workers)
        patience = min(max(0.0, first - time.monotonic()), _LONGEST_WAIT)
        news = wait([worker.pipe for worker in self._workers], patience)
        for worker in [one for one in self._workers if one.pipe in news]:
            self._hear(worker)
        now = time.monotonic()
        for worker in [one for one in self._workers if one.check <= now]:
            self._inspect(worker, now)

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    def _hire(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, self._task), daemon=True)
        _start_tracker()
        # Inherited: Ctrl-C is the parent's business alone.
        with without_interrupts(), surroundings():
            process.start()
        theirs.close()  # or its end would stay open, and death go unnoticed
        now = time.monotonic()
        return _Worker(process, ours, since=now, check=now + _START_LIMIT)

    def _inspect(self, worker: _Worker, now: float) -> None:
        """Bury a worker that is stuck; look again later at one that merely waits for its turn."""
        if worker.ready and worker.errand is None:
            worker.check = math.inf
            return
        limit = self._limit if worker.ready else _START_LIMIT
        left = limit - (_processor_time(worker.process) - worker.spent)
        if left <= 0 or now - worker.since > _SLEEPING * limit:
            self._bury(worker, f"took longer than {limit:g} s")
        else:
            worker.check = now + max(1.0, left)

    def _send(self, worker: _Worker, errand: _Errand) -> None:
        worker.errand, worker.since = errand, time.monotonic()
        worker.spent = _processor_time(worker.process)
        worker.check = worker.since + self._limit
        try:
            worker.pipe.send(errand.job.items[errand.start : errand.stop])
        except OSError:
            # It died idle: nobody's fault, the errand goes to the next.
            worker.errand = None
            self._errands.appendleft(errand)
            self._bury(worker, "")

    def _hear(self, worker: _Worker) -> None:
        """Take every answer that is there."""
        try:
            while worker.pipe.poll():
                answer = worker.pipe.recv()
                worker.since = time.monotonic()
                worker.check = worker.since + self._limit
                self._note(worker, answer)
        except _LOST:
            worker.process.join(timeout=5.0)
            code = worker.process.exitcode
            self._bury(worker, f"crashed a worker process ({_name_exit(code)})")

    def _note(self, worker: _Worker, answer: Any) -> None:
        errand = worker.errand
        if errand is None:  # its first word
            worker.ready, self._false_starts = True, 0
            return
        if not isinstance(answer, Raised):
            errand.job.settle(errand.start, answer)
        elif self._lost is None:
            raise answer.error()
        else:
            self._lose(errand, errand.start, answer.reason)
        errand.start += 1
        if errand.start == errand.stop:
            worker.errand = None

    def _bury(self, worker: _Worker, reason: str) -> None:
        """Remove a dead or overdue worker; its item gets another try alone, or is lost."""
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        if not worker.ready:
            self._count_false_start(worker)
        errand = worker.errand
        if errand is None:
            return
        suspect = errand.start
        if suspect + 1 < errand.stop:
            self._errands.appendleft(_Errand(errand.job, suspect + 1, errand.stop))
        if errand.last_try:
            self._lose(errand, suspect, reason)
        else:
            self._errands.appendleft(_Errand(errand.job, suspect, suspect + 1, last_try=True))

    def _lose(self, errand: _Errand, position: int, reason: str) -> None:
        if self._lost is None:
            raise MolSearchError(
                f"a piece of work {reason}, twice: free some memory, or run fewer workers (-n)"
            )
        item = errand.job.items[position]
        errand.job.lose(position, self._lost(item, reason), reason)

    def _count_false_start(self, worker: _Worker) -> None:
        self._false_starts += 1
        if self._false_starts >= _FALSE_STARTS:
            raise MolSearchError(
                f"worker processes cannot start ({_name_exit(worker.process.exitcode)}): "
                "free some memory, or run fewer workers (-n)"
            )


def _processor_time(process: BaseProcess) -> float:
    """Seconds of processor time a worker has used; 0 where it is gone already."""
    try:
        times = psutil.Process(process.pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _name_exit(code: int | None) -> str:
    if code is None:
        return "no exit code"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def _start_tracker() -> None:
    """Let Python start its helper now, and not with the first worker.

    It lets Ctrl-C in again after that start, and the worker would inherit what it left.
    """
    if os.name == "posix":
        with without_interrupts():
            resource_tracker.ensure_running()
