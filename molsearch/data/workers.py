"""Worker processes for the chemistry of a library: spawned, replaceable, in order, bounded.

A worker imports RDKit and nothing heavier. RDKit can crash or hang on hostile molecules, so a
record's outcome never depends on its neighbours: when a chunk's worker dies, the chunk is run
again record by record, and whoever dies again becomes a failure.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from itertools import islice
from pathlib import Path
from pickle import PicklingError
from typing import IO, Any

from pebble import ProcessExpired, ProcessPool

from molsearch.config import PrepareConfig
from molsearch.errors import MolSearchError
from molsearch.schema import Failure, Prepared, Record

Outcome = Prepared | Failure
# Prepares one record inside a worker; a parameter so that tests can inject faults.
Task = Callable[[Record, PrepareConfig], Outcome]

STAGE = "worker"
CHUNK = 48
_IN_FLIGHT = 3  # chunks a worker: enough to keep it fed while a slow chunk holds the order
_START_LIMIT = 180.0  # s until the first worker must answer
_ALL_DEAD = 8  # records of a chunk that all die: the machine is at fault, not the molecules
_OVERTIME = 1  # exit code of faulthandler's timer
# How a future tells that its worker is gone, or that its message was.
_DEATHS = (ProcessExpired, FutureTimeoutError, RuntimeError, OSError, PicklingError)


def default_task(record: Record, config: PrepareConfig) -> Outcome:
    """Prepare a record; imports RDKit in the worker, at first use."""
    from molsearch.chem.prepare import prepare_record

    return prepare_record(record, config)


def hard_limit(config: PrepareConfig) -> float:
    """Seconds after which a worker is killed over one record that ignores its own time-out."""
    return 2.0 * config.timeout + 5.0


def prepare_stream(
    records: Iterable[Record],
    config: PrepareConfig,
    *,
    workers: int,
    task: Task = default_task,
    chunk: int = CHUNK,
) -> Generator[list[Outcome], None, None]:
    """Prepare records in worker processes, in input order.

    Parameters
    ----------
    records
        Read as the workers need them: at most a few chunks a worker are in memory.
    config
        How to prepare.
    workers
        Number of processes, at least 1.
    task
        Module-level function that prepares one record.
    chunk
        Records a message.

    Yields
    ------
    The outcomes of the next records, one for each, in order.

    Raises
    ------
    MolSearchError
        Workers cannot start, or die whatever they are given.

    Whatever `records` raises is raised again after the outcomes of all records before it.
    """
    context = multiprocessing.get_context("spawn")
    pool: Any = ProcessPool(
        max_workers=workers, context=context, initializer=_start, initargs=[os.getpid()]
    )
    try:
        crew = _Crew(pool, config, task)
        yield from _in_order(crew, _Chunks(records, chunk), _IN_FLIGHT * workers)
        pool.close()
    finally:
        pool.stop()
        pool.join()


def _in_order(crew: _Crew, chunks: _Chunks, in_flight: int) -> Iterator[list[Outcome]]:
    waiting: deque[tuple[list[Record], Any]] = deque()
    while True:
        while len(waiting) < in_flight and (batch := chunks.next()):
            waiting.append((batch, crew.send(batch)))
        if not waiting:
            break
        yield crew.receive(*waiting.popleft())
    if chunks.error is not None:
        raise chunks.error


class _Chunks:
    """Cuts a stream into lists and keeps the error that ended it for later."""

    def __init__(self, records: Iterable[Record], size: int) -> None:
        self._records = iter(records)
        self._size = size
        self.error: Exception | None = None

    def next(self) -> list[Record]:
        batch: list[Record] = []
        if self.error is None:
            try:
                for record in islice(self._records, self._size):
                    batch.append(record)  # noqa: PERF402  what was read before an error counts
            except Exception as error:  # noqa: BLE001  raised again once its turn comes
                self.error = error
        return batch


class _Crew:
    """A pool of workers that survives its members."""

    def __init__(self, pool: ProcessPool, config: PrepareConfig, task: Task) -> None:
        self._pool = pool
        self._config = config
        self._task = task
        self._limit = hard_limit(config)
        self._greet()

    def _greet(self) -> None:
        """Wait for one worker, so that an import error is told once and not for each record."""
        try:
            self._pool.schedule(_ready, args=[self._task]).result(timeout=_START_LIMIT)
        except _DEATHS as error:
            raise MolSearchError(
                f"worker processes cannot start ({type(error).__name__}: {error}): "
                "a script that prepares libraries needs `if __name__ == '__main__':`"
            ) from error

    def send(self, batch: Sequence[Record]) -> Any:
        """Hand a batch to the next free worker; returns a future."""
        # Each record has a limit of its own inside the worker; this one is the last resort.
        return self._pool.schedule(
            _run,
            args=[batch, self._config, self._task, self._limit],
            timeout=self._limit * (1 + len(batch)),
        )

    def receive(self, batch: Sequence[Record], future: Any) -> list[Outcome]:
        """Wait for a batch; where its worker died, run it again record by record."""
        try:
            outcomes: list[Outcome] = future.result()
        except _DEATHS:
            outcomes = self._one_by_one(batch)
        assert len(outcomes) == len(batch), "a record without an outcome"
        return outcomes

    def _one_by_one(self, batch: Sequence[Record]) -> list[Outcome]:
        futures = [self.send([record]) for record in batch]
        outcomes = [self._last_try(*pair) for pair in zip(batch, futures, strict=True)]
        dead = [one for one in outcomes if isinstance(one, Failure) and one.stage == STAGE]
        if len(dead) == len(batch) >= _ALL_DEAD:
            raise MolSearchError(
                f"workers die on every record ({dead[-1].reason}): "
                "free some memory, or run fewer workers (-n)"
            )
        return outcomes

    def _last_try(self, record: Record, future: Any) -> Outcome:
        try:
            outcome: Outcome = future.result()[0]
        except _DEATHS as error:
            return Failure.of(record, STAGE, self._epitaph(error))
        return outcome

    def _epitaph(self, error: Exception) -> str:
        if isinstance(error, FutureTimeoutError) or getattr(error, "exitcode", 0) == _OVERTIME:
            return f"took longer than {self._limit:g} s"
        if isinstance(error, ProcessExpired):
            return f"crashed a worker process ({_name_exit(error.exitcode)})"
        return f"lost in a worker process ({type(error).__name__})"


def _name_exit(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def _start(parent: int) -> None:
    """Set a worker up: Ctrl-C is the parent's business, and no worker outlives its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(0)


def _ready(task: Task) -> bool:
    return callable(task)


def _run(batch: Sequence[Record], config: PrepareConfig, task: Task, limit: float) -> list[Outcome]:
    with Path(os.devnull).open("w") as nowhere:
        return [_run_one(record, config, task, limit, nowhere) for record in batch]


def _run_one(
    record: Record, config: PrepareConfig, task: Task, limit: float, nowhere: IO[str]
) -> Outcome:
    # The only timer that ends a process whose C++ code holds the interpreter lock.
    faulthandler.dump_traceback_later(limit, exit=True, file=nowhere)
    try:
        return task(record, config)
    except Exception as error:  # noqa: BLE001  one record must not cost its neighbours
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return Failure.of(record, STAGE, reason)
    finally:
        faulthandler.cancel_dump_traceback_later()
