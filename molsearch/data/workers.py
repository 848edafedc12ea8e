"""The chemistry of a library in worker processes: in input order, with bounded memory.

A worker imports RDKit and nothing heavier. RDKit can crash or hang on hostile molecules: such a
record is tried once more, alone, and then becomes a failure; its neighbours notice nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from itertools import islice

from molsearch.config import PrepareConfig
from molsearch.schema import Record
from molsearch.work.crew import STAGE, Crew, Job, Outcome, Task

__all__ = ["STAGE", "Outcome", "Task", "default_task", "hard_limit", "prepare_stream"]

CHUNK = 48
_IN_FLIGHT = 3  # chunks a worker: enough to keep it fed while a slow chunk holds the order


def default_task(
    record: Record, config: PrepareConfig, buckets: tuple[int, int, int] | None = None
) -> Outcome:
    """Prepare a record; imports RDKit in the worker, at first use.

    Facts that cost time are left until somebody asks for them. With `buckets` what an encoder
    sees of the molecule is computed while it is at hand.
    """
    from molsearch.chem.facts import PREPARED
    from molsearch.chem.features import Buckets
    from molsearch.chem.prepare import prepare_record

    return prepare_record(record, config, PREPARED, None if buckets is None else Buckets(*buckets))


def hard_limit(config: PrepareConfig) -> float:
    """Seconds of processor time after which a worker is killed over one record.

    Twice the record's own time-out, and some more for the import of RDKit at the first one.
    """
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
        Records a job.

    Yields
    ------
    The outcomes of the next records, one for each, in order.

    Raises
    ------
    MolSearchError
        Workers cannot start, or die whatever they are given.

    Whatever `records` raises is raised again after the outcomes of all records before it.
    """
    crew = Crew(workers, config, task, hard_limit(config))
    chunks = _Chunks(records, chunk)
    waiting: deque[Job] = deque()
    try:
        while True:
            while len(waiting) < _IN_FLIGHT * workers and (batch := chunks.next()):
                waiting.append(Job(batch))
                crew.submit(waiting[-1])
            if not waiting:
                break
            while waiting[0].left:
                crew.step()
            yield waiting.popleft().finished()
    finally:
        crew.close()
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
