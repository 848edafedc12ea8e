"""Facts that somebody has asked for, kept beside a generation of an index.

Each asking adds one file of rows and values; none is ever changed, so readers need no lock. All
of it can be computed again: a file that is damaged, or of another version of RDKit, is passed
over, and where the folder cannot be written the facts last as long as the reader.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError
from molsearch.index.layout import BATCH_ROWS
from molsearch.index.record_file import RecordFile
from molsearch.index.records import rows_of
from molsearch.io import parquet

FACTS_VERSION = 1
_ROW, _REASON, _ABOUT = "row", "reason", b"molsearch.facts"
_SMALL_ROWS = 16_384
_MOST_SMALL = 24  # files of few rows that stay apart

Values = dict[str, list[object]]


@dataclass(frozen=True)
class _Piece:
    """Rows, ascending and each once, and the facts known of them: a file, or a table in memory."""

    rows: NDArray[np.int64]
    names: frozenset[str]
    path: Path | None
    table: pa.Table | None = None
    has_reasons: bool = True

    @cached_property
    def _file(self) -> RecordFile:
        assert self.path is not None
        return RecordFile(self.path, len(self.rows), None)

    def places(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which of `rows` are here, and where."""
        if not len(rows) or rows.max() < self.rows[0] or rows.min() > self.rows[-1]:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        at = np.searchsorted(self.rows, rows).clip(max=len(self.rows) - 1)
        mine = np.flatnonzero(self.rows[at] == rows)
        return mine, at[mine]

    def take(self, places: NDArray[np.int64], names: Sequence[str]) -> pa.Table:
        """Read some columns at `places`, in any order."""
        if self.table is not None:
            return self.table.select(names).take(pa.array(places))
        order = np.argsort(places, kind="stable")
        found = rows_of(self._file, places[order], names)
        inverse = np.empty(len(order), np.int64)
        inverse[order] = np.arange(len(order))
        return found.take(pa.array(inverse))


class KeptFacts:
    """Facts by row, a row being a position over all shards.

    Parameters
    ----------
    folder
        Where they are kept; need not exist.
    types
        Arrow type of each fact.
    """

    def __init__(self, folder: Path, types: Mapping[str, pa.DataType]) -> None:
        self.folder = folder
        self._types = types
        self._pieces: dict[str, _Piece | None] = {}  # by file name; None for one of no use

    def find(
        self, rows: NDArray[np.int64], names: Collection[str]
    ) -> tuple[Values, dict[str, NDArray[np.bool_]]]:
        """Look facts up.

        Returns
        -------
        values, known
            By name, a value a row, and whether it was ever computed. A known value of None is
            one that cannot be computed.
        """
        values: Values = {name: [None] * len(rows) for name in names}
        known = {name: np.zeros(len(rows), bool) for name in names}
        for key, piece in self._current():
            mine, at = piece.places(rows)
            wanted = [n for n in names if n in piece.names and not known[n][mine].all()]
            if not len(mine) or not wanted:
                continue
            table = self._take(key, piece, at, wanted)
            if table is None:
                continue
            for name in wanted:
                for place, value in zip(mine, table.column(name).to_pylist(), strict=True):
                    values[name][place] = value
                known[name][mine] = True
        return values, known

    def known(self, rows: NDArray[np.int64], name: str) -> NDArray[np.bool_]:
        """Which of `rows` a fact was ever computed for, without reading values."""
        found = np.zeros(len(rows), bool)
        for _, piece in self._current():
            if name in piece.names:
                found[piece.places(rows)[0]] = True
        return found

    def reasons(self, rows: NDArray[np.int64]) -> dict[int, str]:
        """Why facts of some of `rows` could not be computed."""
        found: dict[int, str] = {}
        for key, piece in self._current():
            if not piece.has_reasons:
                continue
            mine, at = piece.places(rows)
            table = self._take(key, piece, at, [_REASON]) if len(mine) else None
            if table is not None:
                texts = table.column(_REASON).to_pylist()
                found.update({int(rows[i]): t for i, t in zip(mine, texts, strict=True) if t})
        return found

    def failed(self) -> dict[int, str]:
        """Reasons by row, of all that is kept."""
        found: dict[int, str] = {}
        for _, piece in self._current():
            found.update(self.reasons(piece.rows))
        return dict(sorted(found.items()))

    def keep(
        self, rows: NDArray[np.int64], columns: Mapping[str, Sequence[object]], reasons: list[str]
    ) -> None:
        """Add facts of `rows`; `reasons` says, a text a row, why a value is None."""
        unique, first = np.unique(rows, return_index=True)
        arrays = {
            _ROW: pa.array(unique),
            **{
                name: pa.array([values[i] for i in first], self._types[name])
                for name, values in columns.items()
            },
            _REASON: pa.array([reasons[i] or None for i in first], pa.string()),
        }
        names = frozenset(columns)
        self._store(pa.table(arrays), names)
        if len(unique) < _SMALL_ROWS:
            self._merge(names)

    def carry_to(self, folder: Path, places: NDArray[np.int64] | None = None) -> None:
        """Keep everything in another folder too, for a generation made from this one.

        Parameters
        ----------
        places
            Where each row stands there, -1 for one that is gone; None where all stay.
        """
        target = KeptFacts(folder, self._types)
        for key, piece in self._current():
            if places is None and piece.path is not None and _shared(piece.path, folder):
                continue
            columns = [_ROW, *sorted(piece.names), _REASON]
            table = self._take(key, piece, np.arange(len(piece.rows)), columns)
            if table is None:
                continue
            rows = piece.rows if places is None else places[piece.rows]
            table = table.set_column(0, _ROW, pa.array(rows)).filter(pa.array(rows >= 0))
            if len(table):
                target._store(table.sort_by(_ROW), piece.names)

    def _store(self, table: pa.Table, names: frozenset[str]) -> None:
        key = f"{uuid.uuid4().hex[:16]}.parquet"
        rows = table.column(_ROW).to_numpy()
        path = self.folder / key
        reasons = table.column(_REASON).null_count < len(table)
        piece = _Piece(rows, names, path, has_reasons=reasons)
        about = {"version": _version(), "dense": [int(rows[0]), len(rows)] if _dense(rows) else []}
        try:
            table = table.replace_schema_metadata({_ABOUT: json.dumps(about)})
            with parquet.writing(path, table.schema) as writer:
                writer.write_table(table, row_group_size=BATCH_ROWS)
        except OSError:
            # Not ours to write, or full: a search goes on, the next one computes again.
            piece = _Piece(rows, names, None, table, reasons)
        self._pieces[key] = piece

    def _merge(self, names: frozenset[str]) -> None:
        """Make one file of many small ones with the same facts."""
        small = {
            key: piece
            for key, piece in self._current()
            if piece.names == names and len(piece.rows) < _SMALL_ROWS
        }
        if len(small) <= _MOST_SMALL:
            return
        columns = [_ROW, *sorted(names), _REASON]
        tables = [
            self._take(key, piece, np.arange(len(piece.rows)), columns)
            for key, piece in small.items()
        ]
        whole = pa.concat_tables([table for table in tables if table is not None])
        _, first = np.unique(whole.column(_ROW).to_numpy(), return_index=True)
        self._store(whole.take(pa.array(first)), names)
        for key in small:
            self._pieces[key] = None
            with suppress(OSError):
                (self.folder / key).unlink(missing_ok=True)

    def _take(
        self, key: str, piece: _Piece, places: NDArray[np.int64], names: Sequence[str]
    ) -> pa.Table | None:
        try:
            return piece.take(places, names)
        except (OSError, pa.ArrowException, IndexCorruptError):
            self._pieces[key] = None  # damaged, or merged away by another reader
            return None

    def _current(self) -> Iterator[tuple[str, _Piece]]:
        """Yield what is there now: other processes add files too."""
        try:
            names = {entry.name for entry in self.folder.iterdir() if entry.suffix == ".parquet"}
        except OSError:
            names = set()
        for key in sorted(names - self._pieces.keys()):
            if not key.startswith("."):
                self._pieces[key] = _opened(self.folder / key)
        for key, piece in list(self._pieces.items()):
            if piece is not None and (piece.path is None or key in names):
                yield key, piece


def _shared(path: Path, folder: Path) -> bool:
    """Let a file stand in `folder` too; not every file system can."""
    try:
        folder.mkdir(exist_ok=True)
        os.link(path, folder / path.name)
    except OSError:
        return False
    return True


def _opened(path: Path) -> _Piece | None:
    try:
        with parquet.opened(path) as file:
            about = json.loads((file.schema_arrow.metadata or {})[_ABOUT])
            names = frozenset(file.schema_arrow.names) - {_ROW, _REASON}
            if about["version"] != _version():
                return None
            if about["dense"]:
                rows = about["dense"][0] + np.arange(about["dense"][1])
            else:
                rows = file.read(columns=[_ROW]).column(0).to_numpy()
            reasons = _has_values(file.metadata, _REASON)
        return _Piece(rows, names, path, has_reasons=reasons) if len(rows) else None
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None


def _has_values(about: Any, name: str) -> bool:
    """Whether a column holds more than nulls, as the file's own figures say."""
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            if column.path_in_schema == name:
                known = column.statistics
                if known is None or not known.has_null_count:
                    return True
                if known.null_count < group.num_rows:
                    return True
    return False


def _dense(rows: NDArray[np.int64]) -> bool:
    return bool(rows[-1] - rows[0] + 1 == len(rows))


def _version() -> list[object]:
    return [FACTS_VERSION, version("rdkit")]
