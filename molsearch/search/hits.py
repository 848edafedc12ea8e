"""Candidates become a hit list: the table a user reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from molsearch import schema
from molsearch.chem.stereo import parent_key
from molsearch.schema import ColumnType
from molsearch.search.annotate import Annotator
from molsearch.search.engine import Candidates
from molsearch.usertypes.names import unified

# What the index keeps of a molecule and a hit list shows as it is, in this order.
_DESCRIBED = (
    schema.SCAFFOLD,
    schema.ALERTS,
    *schema.PROPERTIES,
    schema.UNSPECIFIED_STEREO,
    schema.GEOMETRY,
    schema.PARENT_SMILES,
    schema.INCHIKEY,
    schema.RECORD_NUMBER,
    schema.SOURCE,
)
COLUMNS = (
    schema.RANK,
    schema.MOLECULE_ID,
    schema.SMILES,
    schema.SCORE,
    schema.MOLSEARCH_SCORE,
    schema.ECFP4_SCORE,
    schema.PERCENTILE,
    schema.QUERY_ID,
    schema.ECFP4_SIMILARITY,
    schema.IS_QUERY,
    *_DESCRIBED,
)
STRUCTURES = (schema.SMILES, schema.PARENT_SMILES, schema.SCAFFOLD)
_STORED = [
    schema.MOLECULE_ID,
    schema.SMILES,
    *_DESCRIBED,
    schema.USER,
]


def hit_frame(
    found: Candidates, annotator: Annotator, facts: Sequence[str] = ()
) -> tuple[pd.DataFrame, dict[str, ColumnType]]:
    """Build the hit list: `COLUMNS` in this order, then further facts, then the user's own.

    Where inactives are given, ``schema.INACTIVE_COLUMNS`` follow ``is_query``.
    A user's column whose name is one of ours gets the suffix ``_input``. A fact that cannot be
    computed is an empty cell.

    Returns
    -------
    The list, whose user's columns hold text, and the types of those that had one.
    """
    more_facts = [name for name in facts if name not in COLUMNS]
    table = annotator.reader.take(found.shards, found.rows, [*_STORED, *more_facts])
    values = _values(table.drop_columns([schema.USER]))
    for name, column in annotator.columns(found).items():
        values[name] = np.asarray(column, dtype=np.float64)
    values[schema.RANK] = np.arange(1, len(found) + 1)
    names = np.array([query.query_id for query in annotator.queries], dtype=object)
    values[schema.QUERY_ID] = pd.array(names[annotator.nearest(found)], dtype="str")
    keys = [*values[schema.INCHIKEY]]
    values[schema.IS_QUERY] = annotator.is_query(keys)
    place = COLUMNS.index(schema.ECFP4_SCORE) + 1
    order = [*COLUMNS[:place], *annotator.further, *COLUMNS[place:]]
    if annotator.inactives is not None:
        parents = [*map(parent_key, keys, values[schema.PARENT_SMILES])]
        more = annotator.inactive_columns(found, parents)
        values |= more
        place = order.index(schema.IS_QUERY) + 1
        order[place:place] = more
    ours = [*order, *more_facts]
    readings = annotator.reader.manifest.library.reading
    types = {one.name: one for one in unified(reading.types for reading in readings)}
    user, shown = _user_columns(table.column(schema.USER), ours, types)
    typed = {
        new: replace(types[old], name=new)
        for old, new in shown.items()
        if old in types and types[old].type
    }
    # At once: a frame that grows by its columns is copied again and again.
    return pd.DataFrame({**{name: values[name] for name in ours}, **user}), typed


def _values(table: pa.Table) -> dict[str, Any]:
    """Columns of records and facts; whole numbers stay whole where some are missing."""
    found: dict[str, Any] = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_string(column.type):
            found[name] = pd.array([text or "" for text in column.to_pylist()], dtype="str")
        elif column.null_count and pa.types.is_integer(column.type):
            found[name] = pd.array(column.to_pylist(), dtype="Int64")
        else:
            found[name] = column.to_numpy()
    return found


def _user_columns(
    texts: pa.ChunkedArray, taken: Iterable[str], known: Iterable[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Unpack the user's columns: those `known`, then as the hits bring them; their shown names."""
    # As one text: a parser that is called once.
    rows: list[dict[str, str]] = json.loads(f"[{','.join(texts.to_pylist())}]")
    names = list(dict.fromkeys([*known, *(name for row in rows for name in row)]))
    fresh = free_names(names, taken)
    values = {
        new: pd.array([row.get(old) for row in rows], dtype="str")
        for old, new in zip(names, fresh, strict=True)
    }
    return values, dict(zip(names, fresh, strict=True))


def free_names(names: Sequence[str], taken: Iterable[str]) -> list[str]:
    """Names for a user's columns beside `taken` ones, each with ``_input`` until it is free."""
    used = {*taken}
    free = []
    for name in names:
        new = name
        while new in used:
            new += "_input"
        used.add(new)
        free.append(new)
    return free
