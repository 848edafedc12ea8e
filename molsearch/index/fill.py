"""Compute facts of a whole index in worker processes; stops and goes on at any molecule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.facts import compute
from molsearch.config import PrepareConfig
from molsearch.data.workers import Outcome, prepare_stream
from molsearch.index.reader import IndexReader
from molsearch.progress import OnProgress, nobody
from molsearch.schema import Failure, Record

_ROWS_AT_ONCE = 8192  # between two visits of the disk: a kill loses no more


def fill_facts(
    reader: IndexReader,
    names: Sequence[str],
    *,
    workers: int,
    on_progress: OnProgress | None = None,
) -> int:
    """Compute facts of every molecule that lacks them, and keep them.

    What an earlier call, or a search, has computed is not computed again.

    Parameters
    ----------
    names
        Of `molsearch.chem.facts.FACTS`.
    workers
        Worker processes, at least 1. A molecule that brings one down has no facts, and a reason.
    on_progress
        Called with molecules done and those of them with a fact that cannot be computed, first
        with what was done earlier.

    Returns
    -------
    int
        Molecules that were computed now.
    """
    report = on_progress or nobody
    done, failed = reader.n_rows - _count_lacking(reader, names), 0
    report(done, failed)
    before = done
    stream = prepare_stream(
        _lacking(reader, names), PrepareConfig(), workers=workers, task=partial(_task, names=names)
    )
    for batch in _batched(stream):
        rows = np.array([row for row, _, _ in batch], np.int64)
        columns = {name: [values[name] for _, values, _ in batch] for name in names}
        reasons = [reason for _, _, reason in batch]
        reader.facts.kept.keep(rows, columns, reasons)
        done, failed = done + len(batch), failed + sum(bool(reason) for reason in reasons)
        report(done, failed)
    return done - before


def _task(record: Record, config: PrepareConfig, names: Sequence[str]) -> Outcome:
    computed = compute([record.smiles], names)
    values = {name: column[0] for name, column in computed.columns.items()}
    return cast(Outcome, (record.number, values, computed.reasons[0]))


def _batched(
    stream: Iterator[list[Outcome]],
) -> Iterator[list[tuple[int, dict[str, Any], str]]]:
    """Regroup what the workers answer; one that died over a molecule answers nothing for it."""
    singles = (_answer(outcome) for outcomes in stream for outcome in outcomes)
    while batch := list(islice(singles, _ROWS_AT_ONCE)):
        yield batch


def _answer(outcome: Any) -> tuple[int, dict[str, Any], str]:
    if isinstance(outcome, Failure):
        return outcome.record_number, _Nothing(), outcome.reason
    return cast(tuple[int, dict[str, Any], str], outcome)


class _Nothing(dict[str, Any]):
    """No value for any fact."""

    def __missing__(self, name: str) -> None:
        return None


def _count_lacking(reader: IndexReader, names: Sequence[str]) -> int:
    return sum(int(mask.sum()) for _, mask, _ in _blocks(reader, names, with_parents=False))


def _lacking(reader: IndexReader, names: Sequence[str]) -> Iterator[Record]:
    """Yield the parents to be computed, numbered by their rows."""
    for first, mask, parents in _blocks(reader, names, with_parents=True):
        for place in np.flatnonzero(mask):
            smiles = parents[place].as_py()
            number = first + int(place)
            yield Record(number, "index", number + 1, str(number), smiles=smiles)


def _blocks(
    reader: IndexReader, names: Sequence[str], *, with_parents: bool
) -> Iterator[tuple[int, NDArray[np.bool_], pa.ChunkedArray]]:
    """Yield first row, which rows lack a fact, and parents, some thousand rows at a time."""
    first = 0
    for shard in range(reader.n_shards):
        file = reader.records(shard)
        held = [name for name in names if name in file.schema.names]
        columns = [*held, *([schema.PARENT_SMILES] if with_parents or not held else [])]
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=columns):
            rows = first + np.arange(batch.num_rows)
            mask = np.zeros(batch.num_rows, bool)
            for name in names:
                unknown = ~reader.facts.kept.known(rows, name)
                if name in held:
                    unknown &= batch.column(name).is_null().to_numpy(zero_copy_only=False)
                mask |= unknown
            parents = batch.column(schema.PARENT_SMILES) if with_parents else None
            yield first, mask, parents
            first += batch.num_rows
