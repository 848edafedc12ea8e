"""Preparing on other machines: a shard is a piece of work, and only the driver commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial

from molsearch.data.outcomes import outcome_stream
from molsearch.data.prepared_manifest import PrepareRun
from molsearch.data.prepared_shard import FarShard, put_shard
from molsearch.data.prepared_writer import PreparedWriter
from molsearch.data.workers import hard_limit
from molsearch.schema import Record
from molsearch.work.backend import cut, singly
from molsearch.work.far import Far
from molsearch.work.local import OnCrew
from molsearch.work.place import Place


def fill_far(
    writer: PreparedWriter,
    records: Iterable[Record],
    far: Far,
    report: Callable[[int, int], None],
) -> None:
    """Prepare records into a set: workers put shards into a place, which are taken from there.

    Raises
    ------
    MolSearchError
        Workers die whatever they are given, or the place goes on refusing.

    Whatever `records` raises is raised again after the shards of all records before it.
    """
    run = writer.manifest.run
    blocks = enumerate(cut(records, run.shard_records), len(writer.manifest.shards))
    task = partial(_shard, run=run, place=far.place)
    for (shard,) in far.backend.map(task, singly(blocks)):
        writer.adopt(shard, far.place)
        report(writer.manifest.n_in, writer.manifest.n_failed)


def _shard(records: tuple[int, Sequence[Record]], run: PrepareRun, place: Place) -> FarShard:
    number, consecutive = records
    crew = _crew(hard_limit(run.prepare))
    blocks = list(outcome_stream(consecutive, run, 1, place=crew))
    return put_shard(place, number, blocks, run.buckets)


@cache
def _crew(limit: float) -> OnCrew:
    """Keep a process beside this worker from shard to shard: a bad molecule costs itself alone."""
    return OnCrew(1, limit, keep=True)
