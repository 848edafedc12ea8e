"""Conditions on the columns that a user's library brought, whose values are text."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from molsearch import schema
from molsearch.errors import UsageError
from molsearch.index.reader import IndexReader
from molsearch.search.hits import COLUMNS, free_names
from molsearch.search.where import COMPUTED, STORED, Condition
from molsearch.usertypes.kept import columns_of, numbers_in
from molsearch.usertypes.names import unified
from molsearch.words import counted

_ROWS_AT_ONCE = 8192
_EXAMPLES = 3
_NAMED = 20


@dataclass
class _Unread:
    """Values of one column that are no numbers, as far as molecules were looked at."""

    looked_at: int = 0
    empty: int = 0
    other: int = 0
    examples: list[str] = field(default_factory=list)

    def numbers(self, texts: pa.Array) -> NDArray[np.float64]:
        """Read texts as numbers, NaN where they are none, which is counted."""
        numbers = numbers_in(texts)
        lacking = texts.filter(numbers.is_null())
        other = lacking.filter(pc.not_equal(lacking, ""))
        self.looked_at += len(texts)
        self.empty += len(lacking) - len(other)
        self.other += len(other)
        if len(other) and len(self.examples) < _EXAMPLES:
            seen = dict.fromkeys([*self.examples, *other.unique()[: 2 * _EXAMPLES].to_pylist()])
            self.examples = [*seen][:_EXAMPLES]
        return np.asarray(numbers.fill_null(np.nan).to_numpy(zero_copy_only=False))

    def line(self, column: str) -> str:
        """Say how many did not match for want of a number."""
        shown = ", ".join(repr(text[:30]) for text in self.examples)
        kinds = [f"{self.other:,} hold text such as {shown}"] if self.other else []
        kinds += [f"{self.empty:,} are empty"] if self.empty else []
        return (
            f"--where: {self.empty + self.other:,} of {counted(self.looked_at, 'molecule')} "
            "looked at have "
            f"no number in {column!r} ({', '.join(kinds)}) and do not match"
        )


class UserConditions:
    """Conditions on a library's own columns, under the names that its hit list gives them.

    Parameters
    ----------
    conditions
        Those of `molsearch.search.where.parse` that are not on our columns.
    reader
        The library.
    taken
        Further columns of the hit list, whose names the user's do not take.

    Raises
    ------
    UsageError
        The library has no such column.
    """

    def __init__(
        self, conditions: Sequence[Condition], reader: IndexReader, taken: Iterable[str] = ()
    ) -> None:
        self.conditions = conditions
        self._keys = _keys_of([one.column for one in conditions], reader, (*COLUMNS, *taken))
        self._unread: dict[str, _Unread] = {}

    def hold(self, user: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
        """Rows, given by their stored user columns, for which every condition holds."""
        passed = np.ones(len(user), dtype=bool)
        numbers: dict[str, NDArray[np.float64]] = {}
        found = columns_of(user, list(dict.fromkeys(self._keys.values())))
        trimmed = {
            name: pc.utf8_trim_whitespace(texts.fill_null("")) for name, texts in found.items()
        }
        for one in self.conditions:
            texts = trimmed[self._keys[one.column]]
            if isinstance(one.value, str):
                passed &= one.holds(texts.to_numpy(zero_copy_only=False))
                continue
            if one.column not in numbers:
                unread = self._unread.setdefault(one.column, _Unread())
                numbers[one.column] = unread.numbers(texts)
            passed &= one.holds(numbers[one.column])
        return passed

    def warnings(self) -> list[str]:
        """Name, for each column compared with a number, how many values were none."""
        return [
            unread.line(column)
            for column, unread in self._unread.items()
            if unread.empty or unread.other
        ]


def of_one_name(columns: Iterable[str], reader: IndexReader) -> list[str]:
    """Warn of a condition on a column of ours whose name a column of the library has too.

    The library's first molecule tells which it has.
    """
    wanted = dict.fromkeys(columns)
    if not wanted or not reader.n_shards:
        return []
    batches = reader.records(0).iter_batches(1, columns=[schema.USER])
    there = json.loads(next(iter(batches)).column(0)[0].as_py())
    return [
        f"--where {name} is about the {name} of this screen; the library's own column of that "
        f"name is called {name}_input"
        for name in wanted
        if name in there
    ]


def _keys_of(wanted: Sequence[str], reader: IndexReader, taken: Sequence[str]) -> dict[str, str]:
    """Find the stored name of each wanted column; reads on until all are found."""
    readings = reader.manifest.library.reading
    known = unified(reading.types for reading in readings)
    names: dict[str, None] = dict.fromkeys(column.name for column in known)
    found = _match(wanted, names, taken)
    for shard in range(reader.n_shards):
        if len(found) == len(set(wanted)):
            return found
        for texts in _stored(reader, shard):
            before = len(names)
            names.update(dict.fromkeys(name for text in texts for name in json.loads(text)))
            if len(names) > before:
                found = _match(wanted, names, taken)
            if len(found) == len(set(wanted)):
                break
    for column in wanted:
        if column not in found:
            found[column] = _by_case(
                column, dict(zip(free_names([*names], taken), names, strict=True))
            )
    return found


def _match(wanted: Sequence[str], names: Iterable[str], taken: Sequence[str]) -> dict[str, str]:
    known = list(names)
    shown = dict(zip(free_names(known, taken), known, strict=True))
    return {column: shown[column] for column in wanted if column in shown}


def _by_case(column: str, shown: dict[str, str]) -> str:
    """Find a column whose name differs by capitals alone, or say which there are."""
    alike = [name for name in shown if name.casefold() == column.casefold()]
    if len(alike) == 1:
        return shown[alike[0]]
    ours = [*STORED, *COMPUTED]
    folded = {name.casefold(): name for name in (*ours, *shown)}
    close = [folded[name] for name in difflib.get_close_matches(column.casefold(), folded, 3, 0.6)]
    hint = f"close to it: {', '.join(close)}; " if close else ""
    own = ", ".join([*shown][:_NAMED]) + (" …" if len(shown) > _NAMED else "")
    raise UsageError(
        f"--where: no column {column!r}; {hint}there are {', '.join(ours)}, and of this library "
        f"{own or 'none'}"
    )


def _stored(reader: IndexReader, shard: int) -> Iterable[list[str]]:
    for batch in reader.records(shard).iter_batches(_ROWS_AT_ONCE, columns=[schema.USER]):
        yield batch.column(0).to_pylist()
