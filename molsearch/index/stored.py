"""Rows of an index read back, to be written again: by drop, compact and merge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from molsearch import schema
from molsearch.index.reader import IndexReader
from molsearch.index.shard import VECTOR

_ROWS_AT_ONCE = 8192


class Stored:
    """Stands for the encoder where rows bring their embeddings along.

    Parameters
    ----------
    dim, dtype
        Of the index.
    recall
        What an index without full embeddings says of its recall.
    """

    def __init__(self, dim: int, dtype: str, recall: float | None) -> None:
        self.dim = dim
        self.recall = recall
        self._dtype = np.dtype("float32" if dtype == "int8" else dtype)

    def embed_table(self, table: pa.Table) -> NDArray[np.float32]:
        """Embeddings ``[n_rows, dim]`` as they were stored."""
        joined = b"".join(table.column(VECTOR).to_pylist())
        stored = np.frombuffer(joined, self._dtype).reshape(len(table), self.dim)
        return stored.astype(np.float32)


def stored_tables(
    reader: IndexReader,
    shards: Iterable[int],
    *,
    keep: dict[int, NDArray[np.bool_]] | None = None,
    offset: int = 0,
) -> Iterator[pa.Table]:
    """Yield records with their fingerprints and embeddings, in the order of the index.

    Every block is compared with its checksum: what is damaged is not written again as sound.

    Parameters
    ----------
    keep
        By shard, bool ``[rows]``: rows wanted; all of the shards that it does not name.
    offset
        Added to the record numbers.

    Raises
    ------
    IndexCorruptError
        A file was altered, or cannot be read.
    """
    for shard in shards:
        vectors, prints = reader.checked_embeddings(shard), reader.checked_fingerprints(shard)
        wanted = None if keep is None else keep.get(shard)
        start = 0
        for batch in reader.records(shard).iter_batches(_ROWS_AT_ONCE):
            stop = start + batch.num_rows
            table = renumbered(pa.Table.from_batches([batch]), offset)
            table = table.append_column(schema.ECFP4, _binary(prints.rows(start, stop)))
            table = table.append_column(VECTOR, _binary(vectors.rows(start, stop)))
            if wanted is not None:
                table = table.filter(pa.array(wanted[start:stop]))
            start = stop
            if len(table):
                yield table


def record_schema(readers: Iterable[IndexReader]) -> pa.Schema:
    """Columns that hold the records of several indexes, as `conformed` gives them."""
    schemas = [
        reader.records(shard).schema.remove_metadata()
        for reader in readers
        for shard in range(reader.n_shards)
    ]
    return pa.unify_schemas(schemas, promote_options="permissive")


def conformed(tables: Iterable[pa.Table], columns: pa.Schema) -> Iterator[pa.Table]:
    """Give every table the same columns: a value is null where its index has no such column."""
    for table in tables:
        arrays = [
            table.column(field.name).cast(field.type)
            if field.name in table.column_names
            else pa.nulls(len(table), field.type)
            for field in columns
        ]
        rest = [name for name in (schema.ECFP4, VECTOR) if name in table.column_names]
        whole = pa.Table.from_arrays(arrays, schema=columns)
        for name in rest:
            whole = whole.append_column(name, table.column(name))
        yield whole


def renumbered(table: pa.Table, offset: int) -> pa.Table:
    """Add `offset` to the record numbers of a table."""
    if not offset:
        return table
    place = table.column_names.index(schema.RECORD_NUMBER)
    numbers = pc.add(table.column(place), pa.scalar(offset, pa.int64()))
    return table.set_column(place, table.schema.field(place), numbers)


def _binary(rows: NDArray[np.generic]) -> pa.Array:
    """One value of bytes a row."""
    content = np.ascontiguousarray(rows)
    width = content.dtype.itemsize * content.shape[1]
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(content), [None, pa.py_buffer(content.tobytes())]
    )
