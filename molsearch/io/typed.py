"""Tables whose text columns become what their sources said they are, and text again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from molsearch.schema import ColumnType
from molsearch.usertypes.names import named
from molsearch.usertypes.text import text_of
from molsearch.usertypes.values import typed

_UNKNOWN = str(pa.null())  # of a column that was empty where it was looked at
_TYPED = {b"molsearch": b"typed"}
Types = Mapping[str, ColumnType]


@dataclass(frozen=True)
class TypedTable:
    """A table with types.

    Attributes
    ----------
    table
        Its columns, typed as their sources were.
    frame
        The same for pandas.
    notes
        Which columns stayed text, and why, one line each.
    """

    table: pa.Table
    frame: pd.DataFrame
    notes: tuple[str, ...]


def typed_table(frame: pd.DataFrame, types: Types) -> TypedTable:
    """Give columns of text the types of their sources.

    Parameters
    ----------
    frame
        Its index is left out.
    types
        By column; a column whose texts are not all values of its type stays text.
    """
    frame = frame.reset_index(drop=True)
    arrays: dict[str, pa.Array] = {}
    notes = []
    for name in (name for name in frame.columns if name in types):
        texts = [None if pd.isna(text) else str(text) for text in frame[name]]
        try:
            arrays[name] = typed(texts, types[name])
        except ValueError as error:
            notes += stays_text(name, types[name], error)
        else:
            frame[name] = _for_pandas(arrays[name])
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name, array in arrays.items():
        place = table.column_names.index(name)
        table = table.set_column(place, typed_field(name, array.type), pa.chunked_array([array]))
    return TypedTable(table, frame, tuple(notes))


def typed_field(name: str, kind: pa.DataType) -> pa.Field:
    """Declare a column whose texts became values, for `text_frame` to know it by."""
    return pa.field(name, kind, metadata=_TYPED)


def stays_text(name: str, column: ColumnType, error: ValueError) -> list[str]:
    """Say why a column stays text, unless nobody knew that it was anything else."""
    known = column.type != _UNKNOWN
    return [f"column {name!r} was {column.type}, but stays text: {error}"] if known else []


def text_frame(table: pa.Table) -> tuple[pd.DataFrame, dict[str, ColumnType]]:
    """Undo `typed_table`: the frame with texts for values, and the types."""
    types: dict[str, ColumnType] = {}
    texts: dict[str, pd.Series] = {}
    for field in table.schema:
        if not (field.metadata or {}).keys() >= _TYPED.keys():
            continue
        column = table.column(field.name).combine_chunks()
        ranked = column.dictionary.to_pylist() if pa.types.is_dictionary(column.type) else ()
        types[field.name] = named(field.name, field.type, ranked)
        values = [None if value is None else text_of(value) for value in column.to_pylist()]
        texts[field.name] = pd.Series(values, dtype="str")
    frame = table.to_pandas()
    for name, column in texts.items():
        frame[name] = column
    return frame, types


def _for_pandas(array: pa.Array) -> pd.Series:
    """Make a column; whole numbers and truth stay so where some are missing."""
    if array.null_count and (pa.types.is_integer(array.type) or pa.types.is_boolean(array.type)):
        dtype = "boolean" if pa.types.is_boolean(array.type) else _nullable(array.type)
        return pd.Series(pd.array(array.to_pylist(), dtype=dtype))
    return array.to_pandas()


def _nullable(kind: pa.DataType) -> str:
    return str(kind).replace("uint", "UInt").replace("int", "Int")
