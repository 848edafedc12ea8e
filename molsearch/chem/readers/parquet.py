"""Parquet tables, batch by batch; columns that hold objects are refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from molsearch.chem.readers.cells import table_row
from molsearch.chem.readers.columns import Columns, choose_columns
from molsearch.chem.readers.rows import OnReading, Row, unique_names
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import ColumnType
from molsearch.usertypes.names import named
from molsearch.usertypes.text import text_of

_BATCH_ROWS = 2048
_SAMPLE_ROWS = 50
_EXTENSION = b"ARROW:extension:name"


def read_parquet(
    blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading
) -> Iterator[Row]:
    """Yield one row for each row of a Parquet file; values come as text, types in the reading.

    The footer stands at the end, so the blocks (of a pipe or a ``.gz``) go through an unnamed
    temporary file; use `read_parquet_file` where there is a file already.
    """
    with tempfile.TemporaryFile() as spool:
        for block in blocks:
            spool.write(block)
        spool.seek(0)
        yield from read_parquet_file(spool, config, source, report)


def read_parquet_file(
    file: str | BinaryIO | Any, config: ReadConfig, source: str, report: OnReading
) -> Iterator[Row]:
    """Yield one row for each row of a Parquet file, holding one batch at a time.

    Raises
    ------
    InputError
        Not readable, no SMILES column, or a column of bytes or of an extension type.
    """
    try:
        table = pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
        schema = table.schema_arrow
        _refuse_objects(schema, source)
        batches = table.iter_batches(batch_size=_BATCH_ROWS)
        yield from _rows(batches, schema, config, source, report)
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{source}: damaged Parquet file ({reason}); make it again") from error


def _refuse_objects(schema: pa.Schema, source: str) -> None:
    """Refuse columns whose values are opaque bytes: pickled molecules come that way."""
    for field in schema:
        extension = isinstance(field.type, pa.BaseExtensionType) or (
            field.metadata is not None and _EXTENSION in field.metadata
        )
        if extension or _holds_bytes(field.type):
            kind = "an extension type" if extension else "bytes"
            raise InputError(
                f"{source}: column {field.name!r} holds {kind} ({field.type}), which is not read; "
                "write the file without it, or with it as text"
            )


def _holds_bytes(kind: pa.DataType) -> bool:
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    if any(test(kind) for test in binary) or "binary" in str(kind):
        return True
    if isinstance(kind, pa.DictionaryType):
        return _holds_bytes(kind.value_type)
    return any(_is_object(kind.field(position)) for position in range(kind.num_fields))


def _is_object(field: pa.Field) -> bool:
    return isinstance(field.type, pa.BaseExtensionType) or _holds_bytes(field.type)


def _rows(
    batches: Iterator[pa.RecordBatch],
    schema: pa.Schema,
    config: ReadConfig,
    source: str,
    report: OnReading,
) -> Iterator[Row]:
    names = unique_names(schema.names)
    columns: Columns | None = None
    number = 0
    for batch in batches:
        if columns is None:
            columns = choose_columns(names, _sample(batch), config, source)
            report(columns.reading(source, "parquet", types=_types(names, batch)))
        values = [column.to_pylist() for column in batch.columns]
        for position in range(batch.num_rows):
            number += 1
            yield table_row(number, [column[position] for column in values], columns, config)


def _types(names: Sequence[str], batch: pa.RecordBatch) -> Iterator[ColumnType]:
    for name, column in zip(names, batch.columns, strict=True):
        coded = isinstance(column, pa.DictionaryArray)
        yield named(name, column.type, column.dictionary.to_pylist() if coded else ())


def _sample(batch: pa.RecordBatch) -> list[tuple[str, ...]]:
    top = batch.slice(0, _SAMPLE_ROWS)
    columns = [[text_of(value) for value in column.to_pylist()] for column in top.columns]
    return list(zip(*columns, strict=True))
