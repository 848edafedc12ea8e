"""Scattered rows of parquet files, read by the row groups that hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError

# Row groups decoded at a time, which bounds the memory of a scattered read.
_GROUPS_AT_ONCE = 64


def take_rows(
    open_shard: Callable[[int], pq.ParquetFile],
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
        parts.append(_take(open_shard(int(shard)), wanted, columns))
    if not parts:
        return _empty(open_shard(0), columns)
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.arange(len(order))
    return pa.concat_tables(parts).combine_chunks().take(pa.array(inverse))


def _take(
    file: pq.ParquetFile, rows: NDArray[np.integer], columns: Sequence[str] | None
) -> pa.Table:
    """Rows (ascending) of one file."""
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    group_of = np.searchsorted(starts, rows, side="right") - 1
    parts = []
    groups = np.unique(group_of)
    for first in range(0, len(groups), _GROUPS_AT_ONCE):
        some = groups[first : first + _GROUPS_AT_ONCE]
        lengths = np.diff(starts)[some]
        # Where each of these groups begins in the table that holds just them.
        offsets = np.concatenate([[0], np.cumsum(lengths)])[:-1]
        mine = np.isin(group_of, some)
        place = np.searchsorted(some, group_of[mine])
        local = rows[mine] - starts[group_of[mine]] + offsets[place]
        parts.append(_read(file, some, columns).take(pa.array(local)))
    return pa.concat_tables(parts)


def _read(
    file: pq.ParquetFile, groups: NDArray[np.integer], columns: Sequence[str] | None
) -> pa.Table:
    names = None if columns is None else list(columns)
    try:
        return file.read_row_groups([int(group) for group in groups], columns=names)
    except (OSError, pa.ArrowException) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise IndexCorruptError(f"the index's records cannot be read: {reason}") from error


def _empty(file: pq.ParquetFile, columns: Sequence[str] | None) -> pa.Table:
    table = file.schema_arrow.empty_table()
    return table if columns is None else table.select(list(columns))
