"""A ranking too long to hold as a table, written to parquet some thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from molsearch import schema
from molsearch.index.reader import IndexReader
from molsearch.io import parquet
from molsearch.io.typed import stays_text, typed_field
from molsearch.schema import ColumnType
from molsearch.search.annotate import Annotator
from molsearch.search.engine import Candidates
from molsearch.search.hits import COLUMNS, free_names
from molsearch.usertypes.kept import columns_of, names_in
from molsearch.usertypes.names import kind_of, unified
from molsearch.usertypes.values import typed

LONG = 100_000  # hits, above which a list is streamed where it can be
_ROWS_AT_ONCE = 65_536
# What every index holds of a molecule; other facts would be computed for each of them.
_HELD = (
    *(schema.MOLECULE_ID, schema.SMILES, schema.PARENT_SMILES, schema.GEOMETRY),
    *(schema.RECORD_NUMBER, schema.SOURCE),
)
_FIRST = (schema.RANK, schema.MOLECULE_ID, schema.SMILES)


def is_long(k: int, reader: IndexReader, output: str | None) -> bool:
    """Whether a list of k hits is streamed into `output`."""
    return min(k, reader.n_rows) > LONG and str(output).lower().endswith(".parquet")


@dataclass(frozen=True)
class Streamed:
    """What was written.

    Attributes
    ----------
    columns
        Names, in order.
    notes
        Which of the user's columns stayed text though their source had types, and why.
    """

    columns: tuple[str, ...]
    notes: tuple[str, ...]


class _OtherwiseError(Exception):
    """A value shows, half-way, that a column is of another type than its source said, or text."""

    def __init__(self, name: str, shown: str, found: pa.DataType | ValueError) -> None:
        super().__init__(name)
        self.name, self.shown, self.found = name, shown, found


def write_streamed(
    path: Path, found: Candidates, annotator: Annotator, facts: Sequence[str] = ()
) -> Streamed:
    """Write all hits: ids, structures, scores, the user's columns, and `facts`, if any.

    The user's columns have the types of their sources, as in a list that is held. Where a value
    says otherwise the list is begun anew: one pass is all it takes but for that.
    """
    readings = annotator.reader.manifest.library.reading
    said = {one.name: one for one in unified(reading.types for reading in readings)}
    user = list(dict.fromkeys([*said, *_user_names(annotator.reader)]))
    types = {name: one for name, one in said.items() if one.type}
    facts = [name for name in facts if name not in (*_HELD, *_FIRST)]
    notes: list[str] = []
    while True:
        try:
            columns = _written(path, _parts(found, annotator, facts, user, types))
        except _OtherwiseError as other:
            name = other.name
            if isinstance(other.found, ValueError):
                notes += stays_text(other.shown, said[name], other.found)
                del types[name]
            else:
                types[name] = replace(said[name], type=str(other.found))
        else:
            return Streamed(columns, tuple(notes))


def _written(path: Path, parts: Iterator[pa.Table]) -> tuple[str, ...]:
    first = next(parts)
    with parquet.writing(path, first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part.cast(first.schema))
    return tuple(first.column_names)


def _parts(
    found: Candidates,
    annotator: Annotator,
    facts: Sequence[str],
    user: Sequence[str],
    types: Mapping[str, ColumnType],
) -> Iterator[pa.Table]:
    names = np.array([query.query_id for query in annotator.queries], dtype=object)
    for first in range(0, max(1, len(found)), _ROWS_AT_ONCE):
        part = found.take(np.arange(first, min(first + _ROWS_AT_ONCE, len(found))))
        columns = [*_HELD, *facts, schema.USER]
        table = annotator.reader.take(part.shards, part.rows, columns)
        computed = {name: pa.array(v) for name, v in annotator.columns(part).items()}
        computed |= {name: pa.array(v) for name, v in annotator.inactive_scores(part).items()}
        nearest = pa.array(names[annotator.nearest(part)], pa.string())
        rank = pa.array(np.arange(first + 1, first + 1 + len(part)))
        held = {name: table.column(name) for name in (*_HELD, *facts)}
        every = {schema.RANK: rank, **held, **computed, schema.QUERY_ID: nearest}
        order = [*_FIRST, *computed, schema.QUERY_ID, *(n for n in held if n not in _FIRST)]
        ours = {name: every[name] for name in order}
        yield _with_user(pa.table(ours), table.column(schema.USER), user, types)


def _with_user(
    table: pa.Table,
    texts: pa.ChunkedArray,
    names: Sequence[str],
    types: Mapping[str, ColumnType],
) -> pa.Table:
    """Append the user's columns, under the names that a list that is held gives them."""
    found = columns_of(texts, names)
    fresh = free_names(names, [*COLUMNS, *table.column_names])
    for old, new in zip(names, fresh, strict=True):
        if old in types:
            array = _typed(found[old], types[old], old, new)
            table = table.append_column(typed_field(new, array.type), array)
        else:
            table = table.append_column(new, found[old])
    return table


def _typed(texts: pa.Array, column: ColumnType, old: str, new: str) -> pa.Array:
    try:
        array = typed(texts.to_pylist(), column)
    except ValueError as error:
        raise _OtherwiseError(old, new, error) from error
    if array.type != kind_of(column.type):
        raise _OtherwiseError(old, new, array.type)  # wider than its source said
    return array


def _user_names(reader: IndexReader) -> list[str]:
    """All of the library's own columns, in the order in which its records bring them."""
    names: dict[str, None] = {}
    for shard in range(reader.n_shards):
        for batch in reader.records(shard).iter_batches(columns=[schema.USER]):
            names.update(dict.fromkeys(names_in(batch.column(0))))
    return list(names)
