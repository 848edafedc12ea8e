"""Columns of record files that stay decoded, within a limit for the process.

A scattered read decodes whole row groups for a few rows. What was decoded as often as a whole
column takes is worth a whole column: from then on it is read once and kept, and the rows of a warm
query cost a lookup. The columns used longest ago go first.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable

import pyarrow as pa

LIMIT = 2**28  # bytes, of all files together
_SHARE = 8  # a column larger than this part of the limit would push too much out: it stays on disk

_NEVER = -(2**62)  # so many readings from being worth it
_numbers = itertools.count()


class Decoded:
    """Columns kept of many files, the least recently used of which go where they pass a limit.

    Parameters
    ----------
    limit
        Bytes; a column that would take a large part of it is not kept.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._n_bytes = 0
        self._kept: OrderedDict[tuple[int, str], pa.ChunkedArray] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """Bytes that are kept."""
        return self._n_bytes

    def admits(self, n_bytes: int) -> bool:
        """Say whether a column of this size may be kept."""
        return n_bytes * _SHARE <= self._limit

    def find(self, owner: int, name: str) -> pa.ChunkedArray | None:
        """Look a column up."""
        with self._lock:
            found = self._kept.get((owner, name))
            if found is not None:
                self._kept.move_to_end((owner, name))
            return found

    def keep(self, owner: int, name: str, column: pa.ChunkedArray) -> None:
        """Keep a column, and let go of others where there is no room."""
        if not self.admits(column.nbytes):
            return
        with self._lock:
            if (owner, name) in self._kept:
                return
            self._kept[owner, name] = column
            self._n_bytes += column.nbytes
            while self._n_bytes > self._limit:
                self._n_bytes -= self._kept.popitem(last=False)[1].nbytes

    def forget(self, owner: int) -> None:
        """Let go of the columns of one file."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == owner]:
                self._n_bytes -= self._kept.pop(key).nbytes


EVERYWHERE = Decoded()


class Columns:
    """Decoded columns of one file, as long as the file lives.

    Parameters
    ----------
    owner
        The file.
    n_groups
        Its row groups.
    size
        Bytes of a column once it is decoded, about.
    read
        Reads columns whole.
    room
        Where they are kept.
    """

    def __init__(
        self,
        owner: object,
        n_groups: int,
        size: Callable[[str], int],
        read: Callable[[list[str]], pa.Table],
        room: Decoded | None = None,
    ) -> None:
        self._number = next(_numbers)
        self._n_groups, self._size, self._read = n_groups, size, read
        self._room = EVERYWHERE if room is None else room
        self._times: dict[str, int] = {}
        weakref.finalize(owner, self._room.forget, self._number)

    def find(self, names: list[str], n_wanted: int) -> pa.Table | None:
        """Columns `names` whole; None where they are not worth it, as yet.

        Parameters
        ----------
        n_wanted
            Row groups that would have to be decoded now.
        """
        found = {name: self._room.find(self._number, name) for name in names}
        lacking = [name for name, column in found.items() if column is None]
        if not names:
            return None
        if not lacking:
            return pa.table(found)
        for name in lacking:
            self._times[name] = self._times.get(name, 0) + n_wanted
        if any(self._times[name] <= self._n_groups for name in lacking):
            return None
        large = [name for name in lacking if not self._room.admits(self._size(name))]
        for name in large:
            self._times[name] = _NEVER
        if large:
            return None
        table = self._read(lacking)
        for name in lacking:
            # In one piece: a lookup in many pieces walks through them.
            found[name] = pa.chunked_array([table.column(name).combine_chunks()])
            self._room.keep(self._number, name, found[name])
            self._times[name] = 0  # if it has to go, it is read anew no sooner
        return pa.table(found)
