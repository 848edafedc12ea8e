"""Scattered rows of parquet files, read by the row groups that hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch.index.record_file import GROUPS_AT_ONCE, RecordFile


def take_rows(
    open_shard: Callable[[int], RecordFile],
    shards: NDArray[np.integer],
    rows: NDArray[np.integer],
    columns: Sequence[str] | None,
) -> pa.Table:
    """Rows ``(shards[i], rows[i])`` in that order.

    Raises
    ------
    IndexCorruptError
        A file cannot be decoded.
    """
    order = np.lexsort((rows, shards))
    parts: list[pa.Table] = []
    for shard in np.unique(shards):
        wanted = rows[order][shards[order] == shard]
        parts.append(rows_of(open_shard(int(shard)), wanted, columns))
    if not parts:
        return _empty(open_shard(0), columns)
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.arange(len(order))
    # Shards of an index that has grown need not have the same columns.
    whole = pa.concat_tables(parts, promote_options="permissive")
    return whole.combine_chunks().take(pa.array(inverse))


def rows_of(file: RecordFile, rows: NDArray[np.integer], columns: Sequence[str] | None) -> pa.Table:
    """Rows (ascending) of one file; only the row groups that hold one are read.

    Raises
    ------
    IndexCorruptError
        The file cannot be decoded.
    """
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    group_of = np.searchsorted(starts, rows, side="right") - 1
    parts = []
    groups = np.unique(group_of)
    if (kept := file.kept(columns, len(groups))) is not None:
        return kept.take(pa.array(rows))
    for first in range(0, len(groups), GROUPS_AT_ONCE):
        some = groups[first : first + GROUPS_AT_ONCE]
        lengths = np.diff(starts)[some]
        # Where each of these groups begins in the table that holds just them.
        offsets = np.concatenate([[0], np.cumsum(lengths)])[:-1]
        mine = np.isin(group_of, some)
        place = np.searchsorted(some, group_of[mine])
        local = rows[mine] - starts[group_of[mine]] + offsets[place]
        parts.append(file.read_groups(some.tolist(), columns).take(pa.array(local)))
    return pa.concat_tables(parts)


def _empty(file: RecordFile, columns: Sequence[str] | None) -> pa.Table:
    table = file.schema.empty_table()
    return table if columns is None else table.select(list(columns))
