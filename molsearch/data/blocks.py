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
from molsearch.chem.kernels.pace import LOADING, PACE
from molsearch.config import PrepareConfig
from molsearch.data.workers import Outcome, default_task, hard_limit, prepare_stream
from molsearch.schema import Record
from molsearch.work.backend import Backend, cut, singly
from molsearch.work.local import OnCrew

BLOCK = 256

# Seconds a molecule may take where loops are compiled beside the first: they take some themselves.
_COMPILES_WITHIN = 10.0
# What workers import, and what they do where they will have much to do.
_IMPORTED = ("molsearch.chem.block",)
_LOADED = ("molsearch.chem.kernels.loaded",)


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
    columns: Sent,
    config: PrepareConfig,
    buckets: tuple[int, int, int] | None = None,
    expected: int = 0,
) -> Block:
    """Prepare a block; imports RDKit in the worker, at first use.

    Parameters
    ----------
    columns, config, buckets
        See `molsearch.chem.block.prepare_block`.
    expected
        About how many records this worker will be given; 0 where nobody knows.
    """
    from molsearch.chem.block import prepare_block

    records = received(columns)
    compiled = PACE.compiled(expected, len(records)) and config.timeout >= _COMPILES_WITHIN
    return prepare_block(records, config, buckets, compiled=compiled)


def imported(expected: int) -> tuple[str, ...]:
    """Name what workers import who will be given about so many records among them."""
    return _IMPORTED + _LOADED if expected >= LOADING else _IMPORTED


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
    expected: int = 0,
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
    expected
        About how many records there will be; 0 where nobody knows.

    Raises
    ------
    MolSearchError
        Workers cannot start, or die whatever they are given.

    Whatever `records` raises is raised again after the outcomes of all records before it.
    """
    each = expected // (workers if place is None else place.slots)
    place = place or OnCrew(workers, hard_limit(config), preload=imported(expected))
    whole: Callable[[Sent], Block | Sent]
    whole = partial(task, config=config, buckets=buckets)
    if task is default_block:
        whole = partial(whole, expected=each)
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
