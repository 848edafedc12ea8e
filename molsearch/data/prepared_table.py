"""The arrow schemas of a prepared set, and tables made of prepared molecules and failures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from molsearch import schema
from molsearch.chem.columns import Block, block_of
from molsearch.schema import Failure, Prepared

_FINGERPRINT_BYTES = 256
_BUCKETS = b"buckets"
_PROPERTY_TYPES = {"mw": pa.float64(), "clogp": pa.float64(), "tpsa": pa.float64()}

RECORDS = pa.schema(
    [
        (schema.RECORD_NUMBER, pa.int64()),
        (schema.SOURCE, pa.string()),
        (schema.ROW, pa.int64()),
        (schema.MOLECULE_ID, pa.string()),
        (schema.SMILES, pa.string()),
        (schema.PARENT_SMILES, pa.string()),
        (schema.INCHIKEY, pa.string()),
        (schema.SCAFFOLD, pa.string()),
        (schema.ALERTS, pa.string()),
        (schema.UNSPECIFIED_STEREO, pa.int32()),
        *((name, _PROPERTY_TYPES.get(name, pa.int32())) for name in schema.PROPERTIES),
        (schema.ECFP4, pa.binary(_FINGERPRINT_BYTES)),
        (schema.GEOMETRY, pa.string()),
        (schema.N_CONFORMERS, pa.int32()),
        (schema.N_ATOMS, pa.int32()),
        (schema.COORDS, pa.binary()),
        (schema.USER, pa.string()),
    ]
)

FAILURES = pa.schema(
    [
        (name, pa.int64() if name in (schema.RECORD_NUMBER, schema.ROW) else pa.string())
        for name in schema.FAILURE_COLUMNS
    ]
)


def records_schema(buckets: tuple[int, int, int] | None) -> pa.Schema:
    """Return `RECORDS`, and a column of bags for an encoder with these hash spaces."""
    if buckets is None:
        return RECORDS
    about = {_BUCKETS: json.dumps(buckets)}
    return RECORDS.append(pa.field(schema.BAG, pa.binary(), metadata=about))


def buckets_of(table: pa.Table) -> tuple[int, ...] | None:
    """Hash spaces of a table's bags; None where it holds none."""
    if schema.BAG not in table.column_names:
        return None
    about = table.schema.field(schema.BAG).metadata or {}
    return tuple(json.loads(about.get(_BUCKETS, b"[]"))) or None


def table_of(prepared: Sequence[Prepared], buckets: tuple[int, int, int] | None = None) -> pa.Table:
    """Build a table of prepared molecules, one row each, with the columns of `records_schema`.

    The user's columns become one JSON object a row, because every file has its own.
    """
    return block_table(block_of(prepared), buckets)


def block_table(block: Block, buckets: tuple[int, int, int] | None = None) -> pa.Table:
    """Build the table of a block's molecules, see `table_of`."""
    columns = records_schema(buckets)
    arrays = [_array(block.columns[field.name], field.type) for field in columns]
    return pa.Table.from_arrays(arrays, schema=columns)


def failures_table_of(failures: Sequence[Failure]) -> pa.Table:
    """Build a table of failures, one row each, with the columns `FAILURES`."""
    arrays = [
        _array([getattr(row, field.name) for row in failures], field.type) for field in FAILURES
    ]
    return pa.Table.from_arrays(arrays, schema=FAILURES)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type=kind)
    except UnicodeEncodeError:
        # Lone surrogates (bytes that were no text) have no place in a table of UTF-8.
        return pa.array([value.encode("utf-8", "replace").decode() for value in values], type=kind)
