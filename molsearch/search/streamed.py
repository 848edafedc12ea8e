"""A ranking too long to hold as a table, written to parquet some thousand rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from molsearch import schema
from molsearch.index.reader import IndexReader
from molsearch.io import parquet
from molsearch.search.annotate import Annotator
from molsearch.search.engine import Candidates
from molsearch.search.hits import free_names

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


def write_streamed(
    path: Path, found: Candidates, annotator: Annotator, facts: Sequence[str] = ()
) -> list[str]:
    """Write all hits: ids, structures, scores, the user's columns, and `facts`, if any.

    Returns
    -------
    Names of the columns.
    """
    user = _user_names(annotator.reader)
    facts = [name for name in facts if name not in (*_HELD, *_FIRST)]
    parts = _parts(found, annotator, facts, user)
    first = next(parts)
    with parquet.writing(path, first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part.cast(first.schema))
    return list(first.column_names)


def _parts(
    found: Candidates, annotator: Annotator, facts: Sequence[str], user: Sequence[str]
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
        yield pa.table(ours | _unpacked(table.column(schema.USER), user, ours))


def _unpacked(
    texts: pa.ChunkedArray, names: Sequence[str], taken: Sequence[str] | dict[str, object]
) -> dict[str, pa.Array]:
    rows = [json.loads(text) for text in texts.to_pylist()]
    fresh = free_names(names, taken)
    return {
        new: pa.array([row.get(old) for row in rows], pa.string())
        for old, new in zip(names, fresh, strict=True)
    }


def _user_names(reader: IndexReader) -> list[str]:
    """All of the library's own columns, in the order in which its records bring them."""
    names: dict[str, None] = {}
    for shard in range(reader.n_shards):
        for batch in reader.records(shard).iter_batches(columns=[schema.USER]):
            for text in batch.column(0).unique().to_pylist():
                names.update(dict.fromkeys(json.loads(text)))
    return list(names)
