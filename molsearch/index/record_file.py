"""The parquet file of a shard's records, whose bytes are checked as they are read."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from molsearch.errors import IndexCorruptError, first_line
from molsearch.index.blocks import BlockGuard
from molsearch.index.decoded import Columns
from molsearch.io import parquet
from molsearch.words import counted

# Row groups decoded at a time, which bounds the memory of a scattered read.
GROUPS_AT_ONCE = 64
_TAIL = 8  # the footer's length and the magic word


class RecordFile:
    """Columns of the rows of one shard.

    A page's own checksum covers its values; the blocks cover what parquet leaves bare, the
    footer and the heads of the pages.

    Parameters
    ----------
    path
        The file.
    n_rows
        How many rows it must hold.
    guard
        What its blocks should sum to; None where the index is older than these sums.

    Raises
    ------
    IndexCorruptError
        It cannot be read, holds another number of rows, or was altered.
    """

    def __init__(self, path: Path, n_rows: int, guard: BlockGuard | None) -> None:
        self.path = path
        self._guard = guard
        try:
            if guard is not None:
                size = path.stat().st_size
                guard.check(size - _TAIL - _footer_bytes(path), size)
            self._file = parquet.opened(path)
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(error) from error
        self.metadata: pq.FileMetaData = self._file.metadata
        self.schema: pa.Schema = self._file.schema_arrow
        if self.metadata.num_rows != n_rows:
            raise IndexCorruptError(
                f"{path} holds {counted(self.metadata.num_rows, 'row')}, not {n_rows}"
            )

        # No reference to this file in it, which would keep both alive.
        mine = weakref.WeakMethod(self.read)
        metadata = self.metadata
        self._columns = Columns(
            self,
            metadata.num_row_groups,
            lambda name: _decoded_bytes(metadata, name),
            lambda names: mine()(names),  # type: ignore[misc]
        )

    def kept(self, columns: Sequence[str] | None, n_groups: int) -> pa.Table | None:
        """Whole columns, once so many of their row groups were read that they are kept decoded.

        Parameters
        ----------
        n_groups
            Row groups that are wanted now.
        """
        return None if columns is None else self._columns.find(list(columns), n_groups)

    def read_groups(self, groups: Sequence[int], columns: Sequence[str] | None) -> pa.Table:
        """Read whole row groups, all columns where None."""
        self._check(groups, columns)
        try:
            return self._file.read_row_groups(list(groups), columns=_listed(columns))
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(error) from error

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Read all rows."""
        return self.read_groups(range(self.metadata.num_row_groups), columns)

    def iter_batches(
        self, batch_size: int = 65_536, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield all rows in batches, holding few at a time."""
        for first in range(0, self.metadata.num_row_groups, GROUPS_AT_ONCE):
            groups = range(first, min(first + GROUPS_AT_ONCE, self.metadata.num_row_groups))
            self._check(groups, columns)
            try:
                yield from self._file.iter_batches(
                    batch_size, row_groups=list(groups), columns=_listed(columns)
                )
            except (OSError, pa.ArrowException) as error:
                raise self._unreadable(error) from error

    def _check(self, groups: Sequence[int], columns: Sequence[str] | None) -> None:
        if self._guard is None:
            return
        wanted = None if columns is None else set(columns)
        for number in groups:
            group = self.metadata.row_group(number)
            for place in range(group.num_columns):
                chunk = group.column(place)
                if wanted is None or chunk.path_in_schema.split(".")[0] in wanted:
                    start = chunk.dictionary_page_offset or chunk.data_page_offset
                    self._guard.check(start, start + chunk.total_compressed_size)

    def _unreadable(self, error: BaseException) -> IndexCorruptError:
        return IndexCorruptError(
            f"{self.path} cannot be read: {first_line(error)}; restore it, or build the index "
            "again with --overwrite"
        )


def _decoded_bytes(metadata: pq.FileMetaData, name: str) -> int:
    """Bytes of a column before compression."""
    total = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(group.num_columns):
            chunk = group.column(place)
            if chunk.path_in_schema.split(".")[0] == name:
                total += chunk.total_uncompressed_size
    return total


def _listed(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(columns)


def _footer_bytes(path: Path) -> int:
    with path.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(0, size - _TAIL))
        return min(int.from_bytes(handle.read(4), "little"), max(0, size - _TAIL))
