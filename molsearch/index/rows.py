"""Cut a stream of prepared tables into shards of batches, starting at any row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa


class RowStream:
    """Take rows in order from tables of any lengths.

    Parameters
    ----------
    tables
        Prepared tables with equal columns.

    Examples
    --------
    >>> stream = RowStream([pa.table({"x": [1, 2, 3]}), pa.table({"x": [4]})])
    >>> [table["x"].to_pylist() for table in stream.take(4, batch=2)]
    [[1, 2], [3, 4]]
    """

    def __init__(self, tables: Iterable[pa.Table]) -> None:
        self._tables = iter(tables)
        self._rest: pa.Table | None = None

    def skip(self, n: int) -> None:
        """Pass over the next `n` rows."""
        while n > 0 and (table := self._next()) is not None:
            self._keep(table, min(n, len(table)))
            n -= min(n, len(table))

    def take(self, n: int, batch: int) -> Iterator[pa.Table]:
        """Yield the next `n` rows (or what is left) as tables of `batch` rows, the last shorter.

        Batches start at the first row taken, so they do not depend on the tables' lengths.
        """
        parts: list[pa.Table] = []
        held = 0
        while n > 0 and (table := self._next()) is not None:
            wanted = min(n, batch - held, len(table))
            parts.append(table.slice(0, wanted))
            self._keep(table, wanted)
            held, n = held + wanted, n - wanted
            if held == batch:
                yield pa.concat_tables(parts).combine_chunks()
                parts, held = [], 0
        if parts:
            yield pa.concat_tables(parts).combine_chunks()

    def _next(self) -> pa.Table | None:
        if self._rest is not None:
            table, self._rest = self._rest, None
            return table
        return next((table for table in self._tables if len(table)), None)

    def _keep(self, table: pa.Table, used: int) -> None:
        self._rest = table.slice(used) if used < len(table) else None
