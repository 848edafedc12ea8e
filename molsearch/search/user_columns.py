"""Conditions on the columns that a user's library brought, whose values are text."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from molsearch import schema
from molsearch.errors import UsageError
from molsearch.index.reader import IndexReader
from molsearch.search.hits import COLUMNS, free_names
from molsearch.search.where import COMPUTED, STORED, Condition
from molsearch.usertypes.kept import columns_of, days_in, numbers_in
from molsearch.usertypes.names import unified
from molsearch.words import counted

_ROWS_AT_ONCE = 8192
_EXAMPLES = 3
_NAMED = 20


@dataclass
class _Unread:
    """Values of one column that are none of the kind asked for, of the molecules looked at."""

    kind: str
    read: Callable[[pa.Array], pa.Array]
    looked_at: int = 0
    empty: int = 0
    other: int = 0
    examples: list[str] = field(default_factory=list)

    def numbers(self, texts: pa.Array) -> NDArray[np.float64]:
        """Read texts as numbers or days, NaN where they are none, which is counted."""
        numbers = self.read(texts)
        lacking = texts.filter(numbers.is_null())
        other = lacking.filter(pc.not_equal(lacking, ""))
        self.looked_at += len(texts)
        self.empty += len(lacking) - len(other)
        self.other += len(other)
        self.examples = _with_more(self.examples, other)
        return np.asarray(numbers.fill_null(np.nan).to_numpy(zero_copy_only=False))

    def line(self, column: str) -> str:
        """Say how many did not match for want of one."""
        shown = ", ".join(repr(text[:30]) for text in self.examples)
        kinds = [f"{self.other:,} hold text such as {shown}"] if self.other else []
        kinds += [f"{self.empty:,} are empty"] if self.empty else []
        return (
            f"--where: {self.empty + self.other:,} of {counted(self.looked_at, 'molecule')} "
            "looked at have "
            f"no {self.kind} in {column!r} ({', '.join(kinds)}) and do not match"
        )


def _with_more(examples: list[str], texts: pa.Array) -> list[str]:
    """Add different texts to the examples, until there are enough."""
    if not len(texts) or len(examples) >= _EXAMPLES:
        return examples
    fresh = texts.unique()[: 2 * _EXAMPLES].to_pylist()
    return [*dict.fromkeys([*examples, *fresh])][:_EXAMPLES]


def _unread(*, of_days: bool) -> _Unread:
    return (
        _Unread("day (written 2024-06-01)", days_in) if of_days else _Unread("number", numbers_in)
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
        self._unread: dict[tuple[str, bool], _Unread] = {}
        # Conditions on a text that a molecule has, and what columns hold where none has it so far.
        self._met: set[Condition] = set()
        self._instead: dict[Condition, list[str]] = {}

    def hold(self, user: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
        """Rows, given by their stored user columns, for which every condition holds."""
        passed = np.ones(len(user), dtype=bool)
        numbers: dict[tuple[str, bool], NDArray[np.float64]] = {}
        found = columns_of(user, list(dict.fromkeys(self._keys.values())))
        trimmed = {
            name: pc.utf8_trim_whitespace(texts.fill_null("")) for name, texts in found.items()
        }
        for one in self.conditions:
            texts = trimmed[self._keys[one.column]]
            if isinstance(one.value, str):
                held = one.holds(texts.to_numpy(zero_copy_only=False))
                self._note(one, texts, found=bool(held.any()))
                passed &= held
                continue
            key = one.column, isinstance(one.value, date)
            if key not in numbers:
                unread = self._unread.setdefault(key, _unread(of_days=key[1]))
                numbers[key] = unread.numbers(texts)
            passed &= one.holds(numbers[key])
        return passed

    def warnings(self) -> list[str]:
        """Say which values were no numbers or days, and what there is where a text is not."""
        lines = [
            unread.line(column)
            for (column, _), unread in self._unread.items()
            if unread.empty or unread.other
        ]
        for one, texts in self._instead.items():
            if texts and one not in self._met:
                shown = ", ".join(repr(text[:30]) for text in texts)
                lines.append(
                    f"--where: no molecule looked at has {str(one.value)[:30]!r} in "
                    f"{one.column!r}, which holds for instance {shown}"
                )
        return lines

    def _note(self, one: Condition, texts: pa.Array, *, found: bool) -> None:
        """Remember what a column holds while no molecule has the text that is asked for."""
        if found:
            self._met.add(one)
        elif one.operator != "!=" and one not in self._met:
            there = texts.filter(pc.not_equal(texts, ""))
            self._instead[one] = _with_more(self._instead.get(one, []), there)


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
            if any(one.molecule_id.casefold() == column.casefold() for one in readings):
                raise UsageError(
                    f"--where: {column} was read as the ids of the library; compare "
                    f"{schema.MOLECULE_ID} in its place, by = or !="
                )
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
