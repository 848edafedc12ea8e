"""A library in worker processes, block by block: what a set without conformers needs.

What crosses between processes is a block of columns. A block over which a worker dies, or that
takes too long, is prepared again record by record, so that a molecule costs itself alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from math import gcd

from molsearch.chem.columns import Block, block_of
from molsearch.config import PrepareConfig
from molsearch.data.workers import Outcome, default_task, hard_limit, prepare_stream
from molsearch.schema import Record
from molsearch.work.backend import cut, singly
from molsearch.work.local import OnCrew

BLOCK = 256


def default_block(
    records: Sequence[Record],
    config: PrepareConfig,
    buckets: tuple[int, int, int] | None = None,
) -> Block:
    """Prepare a block; imports RDKit in the worker, at first use."""
    from molsearch.chem.block import prepare_block

    return prepare_block(records, config, buckets)


def block_stream(
    records: Iterable[Record],
    config: PrepareConfig,
    *,
    workers: int,
    buckets: tuple[int, int, int] | None = None,
    shard_records: int,
    task: Callable[..., Block] = default_block,
    singly_task: Callable[..., Outcome] = default_task,
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

    Raises
    ------
    MolSearchError
        Workers cannot start, or die whatever they are given.

    Whatever `records` raises is raised again after the outcomes of all records before it.
    """
    place = OnCrew(workers, hard_limit(config))
    whole: Callable[[list[Record]], Block | list[Record]]
    whole = partial(task, config=config, buckets=buckets)
    size = shard_records if shard_records <= BLOCK else gcd(shard_records, BLOCK)
    with closing(place.map(whole, singly(cut(records, size)), _unfinished)) as stream:
        for (found,) in stream:
            if isinstance(found, Block):
                yield found
                continue
            again = partial(singly_task, buckets=buckets)
            outcomes = prepare_stream(found, config, workers=1, task=again, chunk=len(found))
            yield block_of(outcome for some in outcomes for outcome in some)


def _unfinished(records: list[Record], reason: str) -> Block | list[Record]:
    """Give a block back over which a worker was lost: `reason` concerns one of its records."""
    return records
