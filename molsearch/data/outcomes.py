"""What becomes of records, as blocks of columns, however they are prepared."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path

from molsearch.chem.columns import Block, block_of
from molsearch.data.blocks import block_stream, imported
from molsearch.data.expected import expected_of_files, expected_records
from molsearch.data.prepared_manifest import PrepareRun
from molsearch.data.workers import Task, default_task, prepare_stream
from molsearch.schema import Record
from molsearch.work.backend import Backend
from molsearch.work.nursery import begin


def get_ready(files: Iterable[str | Path]) -> None:
    """Let what workers of a library import be imported beside whatever comes before them."""
    begin(imported(expected_of_files(files)))


def outcome_stream(
    records: Iterable[Record],
    run: PrepareRun,
    workers: int,
    task: Task = default_task,
    place: Backend | None = None,
) -> Generator[Block, None, None]:
    """Prepare records; no block lies in two shards.

    Parameters
    ----------
    place
        Where the work is done, in place of as many `workers`.
    """
    if task is default_task and not run.prepare.n_conformers:
        return block_stream(
            records,
            run.prepare,
            workers=workers,
            buckets=run.buckets,
            shard_records=run.shard_records,
            place=place,
            expected=expected_records(run),
        )
    if task is default_task:
        task = partial(default_task, buckets=run.buckets)
    return _one_by_one(records, run, workers, task, place)


def _one_by_one(
    records: Iterable[Record],
    run: PrepareRun,
    workers: int,
    task: Task,
    place: Backend | None,
) -> Generator[Block, None, None]:
    room = run.shard_records
    made = prepare_stream(records, run.prepare, workers=workers, task=task, place=place)
    with closing(made) as stream:
        for outcomes in stream:
            while outcomes:
                part, outcomes = outcomes[:room], outcomes[room:]
                room = room - len(part) or run.shard_records
                yield block_of(part)
