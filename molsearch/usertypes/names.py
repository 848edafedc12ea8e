"""Arrow types by name, as manifests keep them; of the types whose values have texts."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from molsearch.schema import ColumnType
from molsearch.usertypes.text import text_of

_MOST_CATEGORIES = 1000
_ZONED = re.compile(r"timestamp\[(s|ms|us|ns), tz=(.+)\]")
_DECIMAL = re.compile(r"decimal(128|256)\((\d+), (-?\d+)\)")
_DICTIONARY = re.compile(r"dictionary<values=(.+), indices=(\w+), ordered=([01])>")
_LIST = re.compile(r"list<(\w+): (\w+)>")
# What a cell may be, and the type of a column of such cells.
_OF_CELLS: tuple[tuple[frozenset[type], pa.DataType], ...] = (
    (frozenset(), pa.null()),
    (frozenset({bool}), pa.bool_()),
    (frozenset({int}), pa.int64()),
    (frozenset({int, float}), pa.float64()),
    (frozenset({datetime.date}), pa.date32()),
    (frozenset({datetime.date, datetime.datetime}), pa.timestamp("us")),
    (frozenset({datetime.time}), pa.time64("us")),
)


def named(name: str, kind: pa.DataType, categories: Iterable[Any] = ()) -> ColumnType:
    """Name the type of a column; it is empty where values can be kept as text alone.

    Parameters
    ----------
    categories
        Values of an ordered dictionary, lowest first.
    """
    if kind_of(str(kind)) != kind:
        return ColumnType(name, "")
    if not (isinstance(kind, pa.DictionaryType) and kind.ordered):
        return ColumnType(name, str(kind))
    ranked = tuple(map(text_of, categories))
    # An order that nobody knows is none.
    known = 0 < len(ranked) <= _MOST_CATEGORIES
    return ColumnType(name, str(kind), ranked) if known else ColumnType(name, "")


def sampled(names: Sequence[str], rows: Iterable[Sequence[object]]) -> tuple[ColumnType, ...]:
    """Name the types of columns whose cells have types of their own, as far as a sample tells."""
    found = []
    for name, cells in zip(names, zip(*rows, strict=True), strict=False):
        kinds = {type(cell) for cell in cells if cell is not None and cell != ""}
        kind = next((kind for some, kind in _OF_CELLS if kinds <= some), None)
        found.append(ColumnType(name, "" if kind is None else str(kind)))
    return tuple(found)


def unified(several: Iterable[Iterable[ColumnType]]) -> tuple[ColumnType, ...]:
    """One type for each column of several sources; text for a column where they contradict."""
    found: dict[str, ColumnType] = {}
    for columns in several:
        for column in columns:
            found[column.name] = _common(found.get(column.name, column), column)
    return tuple(found.values())


def _common(one: ColumnType, other: ColumnType) -> ColumnType:
    if one == other or not one.type:
        return one
    if not other.type:
        return other
    try:
        schemas = [pa.schema([(one.name, _plain(column))]) for column in (one, other)]
        both = pa.unify_schemas(schemas, promote_options="permissive")
    except (pa.ArrowException, TypeError):
        return ColumnType(one.name, "")
    return named(one.name, both.field(0).type)


def _plain(column: ColumnType) -> pa.DataType | None:
    """Type of the values, whether they are coded or not."""
    kind = kind_of(column.type)
    return kind.value_type if isinstance(kind, pa.DictionaryType) else kind


def kind_of(name: str) -> pa.DataType | None:
    """Read a type's name; None for a type whose values cannot be made from text."""
    if found := _ZONED.fullmatch(name):
        return pa.timestamp(found[1], tz=found[2])
    if found := _DECIMAL.fullmatch(name):
        make = pa.decimal128 if found[1] == "128" else pa.decimal256
        return make(int(found[2]), int(found[3]))
    if found := _DICTIONARY.fullmatch(name):
        values, indices = kind_of(found[1]), kind_of(found[2])
        known = values is not None and indices is not None and not pa.types.is_nested(values)
        return pa.dictionary(indices, values, found[3] == "1") if known else None
    if found := _LIST.fullmatch(name):
        values = kind_of(found[2])
        return pa.list_(pa.field(found[1], values)) if _may_be_listed(values) else None
    try:
        kind = pa.type_for_alias(name)
    except ValueError:
        return None
    return None if "binary" in str(kind) or pa.types.is_interval(kind) else kind


def _may_be_listed(kind: pa.DataType | None) -> bool:
    """Whether JSON tells the values apart."""
    is_ = pa.types
    tests = (is_.is_boolean, is_.is_integer, is_.is_floating, is_text)
    return kind is not None and any(test(kind) for test in tests)


def is_text(kind: pa.DataType) -> bool:
    """Whether values of the type are text."""
    is_ = pa.types
    return is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind)
