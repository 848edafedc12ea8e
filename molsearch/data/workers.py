"""The chemistry of a library in worker processes: in input order, with bounded memory.

A worker imports RDKit and nothing heavier. RDKit can crash or hang on hostile molecules: such a
record is tried once more, alone, and then becomes a failure; its neighbours notice nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial

from molsearch.config import PrepareConfig
from molsearch.schema import Failure, Prepared, Record
from molsearch.work.backend import Backend, cut
from molsearch.work.local import OnCrew

Outcome = Prepared | Failure
# Prepares one record inside a worker; a parameter so that tests can inject faults.
Task = Callable[[Record, PrepareConfig], Outcome]

STAGE = "worker"
CHUNK = 48


def default_task(
    record: Record, config: PrepareConfig, buckets: tuple[int, int, int] | None = None
) -> Outcome:
    """Prepare a record; imports RDKit in the worker, at first use.

    Facts that cost time are left until somebody asks for them. With `buckets` what an encoder
    sees of the molecule is computed while it is at hand.
    """
    from molsearch.chem.counters import Buckets
    from molsearch.chem.facts import PREPARED
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
    place: Backend | None = None,
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
    place
        Where the work is done, in place of as many `workers`.

    Yields
    ------
    The outcomes of the next records, one for each, in order.

    Raises
    ------
    MolSearchError
        Workers cannot start, or die whatever they are given.

    Whatever `records` raises is raised again after the outcomes of all records before it.
    """
    place = place or OnCrew(workers, hard_limit(config))
    return place.map(_bound(task, config), cut(records, chunk), _failed)


def _bound(task: Task, config: PrepareConfig) -> Callable[[Record], Outcome]:
    return partial(_prepared, task=task, config=config)


def _prepared(record: Record, task: Task, config: PrepareConfig) -> Outcome:
    return task(record, config)


def _failed(record: Record, reason: str) -> Outcome:
    return Failure.of(record, STAGE, reason)
