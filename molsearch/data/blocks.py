"""A library in worker processes, block by block: what a set without conformers needs.

What crosses between processes is a block of columns. A block over which a worker dies, or that
takes too long, is prepared again record by record, so that a molecule costs itself alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import fields
from functools import partial
from math import gcd
from operator import attrgetter
from typing import Any

from molsearch.chem.columns import Block, block_of
from molsearch.config import PrepareConfig
from molsearch.data.workers import Outcome, default_task, hard_limit, prepare_stream
from molsearch.schema import Record
from molsearch.work.backend import Backend, cut, singly
from molsearch.work.local import OnCrew

BLOCK = 256


# Records by columns: objects cost more to send than a molecule costs to fingerprint.
Sent = tuple[tuple[Any, ...], ...]
_fields = attrgetter(*(one.name for one in fields(Record)))


def sent(records: Iterable[Record]) -> Sent:
    """Take records apart for sending; `received` puts them together."""
    return tuple(zip(*map(_fields, records), strict=True))


def received(columns: Sent) -> list[Record]:
    """Put records together."""
    return [Record(*row) for row in zip(*columns, strict=True)]


def default_block(
    columns: Sent, config: PrepareConfig, buckets: tuple[int, int, int] | None = None
) -> Block:
    """Prepare a block; imports RDKit in the worker, at first use."""
    from molsearch.chem.block import prepare_block

    return prepare_block(received(columns), config, buckets)


def block_stream(
    records: Iterable[Record],
    config: PrepareConfig,
    *,
    workers: int,
    buckets: tuple[int, int, int] | None = None,
    shard_records: int,
    task: Callable[..., Block] = default_block,
    singly_task: Callable[..., Outcome] = default_task,
    place: Backend | None = None,
) -> Generator[Block, None, None]:
    """Prepare records without conformers in worker processes, in input order.

    Parameters
    ----------
    records, config, workers
        As of `molsearch.data.workers.prepare_stream`.
    buckets
        Hash spaces of the encoder.
    shard_records
        No block lies in two of the pieces of so many records.
    task, singly_task
        Module-level functions of `default_block`'s and `default_task`'s kind, for tests to inject
        faults.
    place
        Where the work is done, in place of as many `workers`.

    Raises
    ------
    MolSearchError
        Workers cannot start, or die whatever they are given.

    Whatever `records` raises is raised again after the outcomes of all records before it.
    """
    place = place or OnCrew(workers, hard_limit(config))
    whole: Callable[[Sent], Block | Sent]
    whole = partial(task, config=config, buckets=buckets)
    size = shard_records if shard_records <= BLOCK else gcd(shard_records, BLOCK)
    with closing(place.map(whole, singly(map(sent, cut(records, size))), _unfinished)) as stream:
        for (found,) in stream:
            if isinstance(found, Block):
                yield found
                continue
            again = partial(singly_task, buckets=buckets)
            rows = received(found)
            outcomes = prepare_stream(rows, config, workers=1, task=again, chunk=len(rows))
            yield block_of(outcome for some in outcomes for outcome in some)


def _unfinished(columns: Sent, reason: str) -> Block | Sent:
    """Give a block back over which a worker was lost: `reason` concerns one of its records."""
    return columns
