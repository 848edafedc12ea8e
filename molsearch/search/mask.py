"""Conditions on what an index holds become a mask, so that only rows that may pass are scanned.

A column that the records hold is read from one end to the other, which costs about as much as
reading it for two thousand scattered hits. A value that is not held (a fact that nobody has asked
for yet) rules nothing out: it is computed for the hits that come up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.chem.likeness import TANIMOTO_ERROR, TanimotoScan
from molsearch.index.reader import IndexReader
from molsearch.search.where import Condition

Mask = list[NDArray[np.bool_]]
_ROWS_AT_ONCE = 16_384


def nothing_excluded(reader: IndexReader) -> Mask:
    """Make a mask, for each shard bool ``[rows]``, that is true nowhere."""
    return [np.zeros(rows, dtype=bool) for rows in reader.shard_rows]


def masked_by_records(reader: IndexReader, conditions: Sequence[Condition]) -> Mask | None:
    """Find rows for whose held values a condition does not hold; None where none is held."""
    held = [one for one in conditions if one.column in reader.held_columns]
    if not held:
        return None
    names = list(dict.fromkeys(one.column for one in held))

    def fails(batch: pa.RecordBatch) -> NDArray[np.bool_]:
        failed = np.zeros(len(batch), dtype=bool)
        for one in held:
            values = batch.column(batch.schema.get_field_index(one.column))
            known = values.is_valid().to_numpy(zero_copy_only=False)
            failed |= known & ~one.holds(values.to_numpy(zero_copy_only=False))
        return failed

    excluded = nothing_excluded(reader)
    _exclude(excluded, reader, names, fails)
    return excluded


def exclude_by_kept_facts(
    excluded: Mask, reader: IndexReader, conditions: Sequence[Condition]
) -> None:
    """Exclude rows whose facts were computed earlier and do not pass; computes none."""
    start = 0
    for out in excluded:
        for first in range(0, len(out), _ROWS_AT_ONCE):
            part = out[first : first + _ROWS_AT_ONCE]
            for one in conditions:
                left = np.flatnonzero(~part)
                rows = start + first + left
                if not len(left) or not reader.facts.kept.known(rows, one.column).any():
                    continue
                values = reader.facts.kept.find(rows, [one.column])[0][one.column]
                # What could not be computed is left for `keep`, which counts it.
                there = np.array([value is not None for value in values], dtype=bool)
                some = np.array([value for value in values if value is not None], dtype=object)
                part[left[there]] = ~one.holds(some)
        start += len(out)


def exclude_by_user(
    excluded: Mask, reader: IndexReader, hold: Callable[[pa.Array], NDArray[np.bool_]]
) -> None:
    """Exclude rows whose own columns do not pass; looks at those alone that are not excluded."""
    for shard, start, batch in _batches(reader, [schema.USER]):
        part = excluded[shard][start : start + len(batch)]
        left = np.flatnonzero(~part)
        if len(left):
            part[left] = ~hold(batch.column(0).take(pa.array(left)))


def exclude_ids(excluded: Mask, reader: IndexReader, ids: Sequence[str]) -> list[str]:
    """Exclude molecules by their ids.

    Returns
    -------
    Ids that the library does not hold.
    """
    wanted = pa.array(list(dict.fromkeys(ids)), pa.string())
    found = np.zeros(len(wanted), dtype=bool)

    def named(batch: pa.RecordBatch) -> NDArray[np.bool_]:
        places = pc.index_in(batch.column(0).cast(pa.string()), value_set=wanted)
        hit = places.is_valid().to_numpy(zero_copy_only=False)
        found[places.drop_null().to_numpy(zero_copy_only=False)] = True
        return hit

    _exclude(excluded, reader, [schema.MOLECULE_ID], named)
    return [name for name, there in zip(wanted.to_pylist(), found, strict=True) if not there]


def exclude_alike(
    excluded: Mask, reader: IndexReader, prints: NDArray[np.uint8], at: float
) -> None:
    """Exclude molecules whose ECFP4 similarity to one of `prints` ``[m, 256]`` is at least `at`."""
    scan = TanimotoScan(prints)
    step = max(256, _ROWS_AT_ONCE * 64 // max(64, len(prints)))
    for shard, out in enumerate(excluded):
        stored = reader.checked_fingerprints(shard)
        for start in range(0, len(out), step):
            block = stored.rows(start, start + step)
            nearest = scan(block).max(axis=1)
            alike = nearest >= at + TANIMOTO_ERROR
            # Too near to tell in float32: exactly.
            close = np.flatnonzero(~alike & (nearest >= at - TANIMOTO_ERROR))
            if len(close):
                alike[close] = tanimoto_matrix(prints, block[close]).max(axis=0) >= at
            out[start : start + step] |= alike


def _exclude(
    excluded: Mask,
    reader: IndexReader,
    names: Sequence[str],
    fails: Callable[[pa.RecordBatch], NDArray[np.bool_]],
) -> None:
    for shard, start, batch in _batches(reader, names):
        excluded[shard][start : start + len(batch)] |= fails(batch)


def _batches(
    reader: IndexReader, names: Sequence[str]
) -> Iterator[tuple[int, int, pa.RecordBatch]]:
    """Yield shard, first row and columns, all rows in order."""
    for shard in range(reader.n_shards):
        start = 0
        for batch in reader.records(shard).iter_batches(_ROWS_AT_ONCE, columns=list(names)):
            yield shard, start, reader.called(batch)
            start += len(batch)
