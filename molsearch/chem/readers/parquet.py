"""Parquet tables, batch by batch; columns that hold objects are refused."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from molsearch.chem.readers.columns import (
    chosen,
    id_by_name,
    is_molecule,
    smiles_by_content,
    smiles_by_name,
    weak_smiles_name,
)
from molsearch.chem.readers.rows import Row, listed, shown, smiles_error, unique_names
from molsearch.config import ReadConfig
from molsearch.errors import InputError

_BATCH_ROWS = 2048
_SAMPLE_ROWS = 50
_EXTENSION = b"ARROW:extension:name"


def read_parquet(blocks: Iterator[bytes], config: ReadConfig, source: str) -> Iterator[Row]:
    """Yield one row for each row of a Parquet file; numbers and dates come as text.

    The footer stands at the end, so the blocks (of a pipe or a ``.gz``) go through an unnamed
    temporary file; use `read_parquet_file` where there is a file already.
    """
    with tempfile.TemporaryFile() as spool:
        for block in blocks:
            spool.write(block)
        spool.seek(0)
        yield from read_parquet_file(spool, config, source)


def read_parquet_file(file: str | BinaryIO | Any, config: ReadConfig, source: str) -> Iterator[Row]:
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
        yield from _rows(batches, schema, config, source)
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
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, config: ReadConfig, source: str
) -> Iterator[Row]:
    names = unique_names(schema.names)
    smiles = molecule_id = -1
    kept: list[int] = []
    number = 0
    for batch in batches:
        if number == 0:
            smiles = _smiles_column(names, batch, config, source)
            molecule_id = _id_column(names, smiles, config, source)
            kept = [p for p in range(len(names)) if p not in (smiles, molecule_id)]
        columns = [column.to_pylist() for column in batch.columns]
        for position in range(batch.num_rows):
            number += 1
            extra = {names[p]: as_text(columns[p][position]) for p in kept}
            text = as_text(columns[smiles][position]).strip()
            error = smiles_error(text, config.max_smiles_length)
            name = "" if molecule_id < 0 else _id_text(columns[molecule_id][position])
            yield Row(number, name, shown(text) if error else text, "", extra, error)


def _smiles_column(
    names: tuple[str, ...], batch: pa.RecordBatch, config: ReadConfig, source: str
) -> int:
    if config.smiles_column is not None:
        return chosen(config.smiles_column, names, source, "--smiles-column", header=True)
    named = smiles_by_name(names)
    if named is not None:
        return named
    top = batch.slice(0, _SAMPLE_ROWS)
    columns = [[as_text(value) for value in column.to_pylist()] for column in top.columns]
    for position, name in enumerate(names):
        if weak_smiles_name(name) and any(map(is_molecule, columns[position])):
            return position
    found = smiles_by_content(list(zip(*columns, strict=True)))
    if found is None:
        raise InputError(
            f"{source}: no SMILES column; choose it with --smiles-column, "
            f"the file has {listed(names)}"
        )
    return found


def _id_column(names: tuple[str, ...], smiles: int, config: ReadConfig, source: str) -> int:
    choice = config.id_column if config.id_column is not None else config.id_field
    if choice is not None:
        return chosen(choice, names, source, "--id-column", header=True)
    named = id_by_name(names, smiles)
    return -1 if named is None else named


def as_text(value: object) -> str:
    """Text of one cell; missing values are empty, lists and structs are JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def _id_text(value: object) -> str:
    """Text of an id; whole numbers that pandas made floats (missing values) lose their ``.0``."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return as_text(value)
