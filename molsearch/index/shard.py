"""Write one shard: embed batches of prepared molecules, and keep each row's record beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from molsearch import schema
from molsearch.data.prepared_table import FAILURES as FAILURE_SCHEMA
from molsearch.errors import IndexCorruptError
from molsearch.index.blocks import BlockSums, CheckedRows, block_sums
from molsearch.index.files import check_whole, describe
from molsearch.index.layout import (
    BATCH_ROWS,
    BLOCKS,
    EMBEDDINGS,
    FAILURES,
    FINGERPRINTS,
    GENERATIONS,
    RANKS,
    RECORDS,
    SHARD,
)
from molsearch.index.manifest import ShardEntry
from molsearch.index.models import read_model, write_model
from molsearch.index.npy import RowWriter
from molsearch.index.ranks import write_ranks
from molsearch.index.vectors.codec import Codec
from molsearch.index.vectors.copies import CopyRows, write_copy
from molsearch.index.vectors.measured import check_bound, measured_recall
from molsearch.io import parquet
from molsearch.io.atomic import fsync_folder, replacing
from molsearch.nn.lengths import LENGTH_TOLERANCE, of_unit_length

VECTOR = "_vector"  # a column of rows that bring their embeddings along
STAGE_EMBED = "embed"
_FINGERPRINT_BYTES = 256


class RowEmbedder(Protocol):
    """What a shard's rows get their embeddings from."""

    @property
    def dim(self) -> int:
        """Length of an embedding."""
        ...

    def embed_table(self, table: pa.Table) -> NDArray[np.float32]:
        """Embeddings ``[n_rows, dim]``, each of unit length."""
        ...


def finished_shard(folder: Path) -> ShardEntry | None:
    """Entry of a shard that an earlier run finished and whose bytes are still sound."""
    try:
        entry = read_model(folder / SHARD, ShardEntry)
        for name, file in entry.files.items():
            check_whole(folder / name, file)
    except IndexCorruptError:
        return None
    return entry if entry.folder == relative_folder(folder) else None


def write_shard(
    folder: Path,
    tables: Iterable[pa.Table],
    embedder: RowEmbedder,
    dtype: str,
    on_rows: Callable[[int, int], None],
    *,
    tolerance: float = LENGTH_TOLERANCE,
    codec: Codec,
    recall: float | None = None,
) -> ShardEntry:
    """Embed `tables` into a new shard in `folder`; its ``shard.json`` comes last.

    Memory holds two tables and their embeddings, and those that are embedded at once, whatever the
    length of the shard, and at its end the ids of all rows.

    Parameters
    ----------
    dtype
        ``"int8"`` leaves out the full embeddings and keeps their one-byte copy alone.
    on_rows
        Called after each table with the rows just read and those of them that failed.
    tolerance
        How far an embedding's length may be from 1.
    codec
        Of the copy that is scanned.
    recall
        What is known of the copy's recall, where it is made of rows that were rounded before.

    Raises
    ------
    UsageError
        The codec does not do what it says.
    """
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    compact = dtype == "int8"
    with _Files(folder, embedder.dim, "float32" if compact else dtype) as files:
        n_rows, failures = _embedded(files, tables, embedder, on_rows, tolerance)
    write_ranks(folder)
    names = [FINGERPRINTS, RECORDS, RANKS, *([] if compact else [EMBEDDINGS])]
    write_model(
        folder / BLOCKS, BlockSums(files={name: block_sums(folder / name) for name in names})
    )
    names.append(BLOCKS)
    if failures:
        write_failures(folder / FAILURES, failures)
        names.append(FAILURES)
    described = {name: describe(folder / name) for name in names}
    lossy = compact or not codec.bounded
    if compact or n_rows >= max(1, codec.least_rows):
        source = describe(folder / EMBEDDINGS).sha256
        rows = CheckedRows.of(folder / EMBEDDINGS)
        copied = write_copy(folder, rows, source, codec, embedder.dim)
        described.update({name: describe(folder / name) for name in copied})
        if n_rows:
            copy = CopyRows(folder, codec, rows, source, (n_rows, embedder.dim))
            check_bound(rows, copy)
            # Of rows that were rounded before, what was lost then is all there is to know.
            if lossy and not (compact and recall is not None):
                recall = measured_recall(rows, copy)
    if lossy and recall is None:
        recall = 1.0
    if compact:
        (folder / EMBEDDINGS).unlink()
    entry = ShardEntry(
        folder=relative_folder(folder),
        n_rows=n_rows,
        n_failed=sum(len(table) for table in failures),
        files=described,
        recall=recall if lossy else None,
    )
    write_model(folder / SHARD, entry)
    fsync_folder(folder.parent)
    return entry


def _embedded(
    files: _Files,
    tables: Iterable[pa.Table],
    embedder: RowEmbedder,
    on_rows: Callable[[int, int], None],
    tolerance: float,
) -> tuple[int, list[pa.Table]]:
    """Fill a shard's files, a table written while the next is embedded; its rows and failures."""
    failures: list[pa.Table] = []
    n_rows = 0
    written: Future[None] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="write") as writing:
        for table, given in _vectors(tables, embedder):
            vectors = np.asarray(given)
            good = usable(vectors, len(table), embedder.dim, tolerance)
            if not good.all():
                failures.append(_failed_rows(table.filter(pa.array(~good))))
                table, vectors = table.filter(pa.array(good)), vectors[good]
            if written is not None:
                written.result()
            written = writing.submit(files.append, table, vectors)
            n_rows += len(table)
            on_rows(len(good), int((~good).sum()))
        if written is not None:
            written.result()
    return n_rows, failures


def _vectors(
    tables: Iterable[pa.Table], embedder: RowEmbedder
) -> Iterator[tuple[pa.Table, NDArray[np.float32]]]:
    """Give each table with its embeddings: several at once, where the embedder knows how."""
    several = getattr(embedder, "embed_tables", None)
    if several is not None:
        yield from several(tables)
        return
    for table in tables:
        yield table, embedder.embed_table(table)


def usable(
    vectors: NDArray[np.float32], n_rows: int, dim: int, tolerance: float = LENGTH_TOLERANCE
) -> NDArray[np.bool_]:
    """Which embeddings ``[n_rows, dim]`` are finite and of unit length."""
    if vectors.shape != (n_rows, dim):
        raise ValueError(f"the encoder gave {vectors.shape} where [{n_rows}, {dim}] was due")
    return of_unit_length(vectors, tolerance)


def write_failures(path: Path, tables: Iterable[pa.Table]) -> int:
    """Write failures tables one after the other into one file; returns their rows."""
    n_rows = 0
    with parquet.writing(path, FAILURE_SCHEMA) as writer:
        for table in tables:
            writer.write_table(table.cast(FAILURE_SCHEMA))
            n_rows += len(table)
    return n_rows


class _Files:
    """The three row-aligned files of a shard, written in step and renamed into place together."""

    def __init__(self, folder: Path, dim: int, dtype: str) -> None:
        self.folder, self.dim, self.dtype = folder, dim, dtype
        self._stack = ExitStack()
        self._records: pq.ParquetWriter | None = None

    def __enter__(self) -> _Files:
        with ExitStack() as stack:
            path = stack.enter_context(replacing(self.folder / EMBEDDINGS))
            self._vectors = stack.enter_context(RowWriter(path, self.dim, self.dtype))
            path = stack.enter_context(replacing(self.folder / FINGERPRINTS))
            self._prints = stack.enter_context(RowWriter(path, _FINGERPRINT_BYTES, "uint8"))
            self._records_path = stack.enter_context(replacing(self.folder / RECORDS))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The parquet footer is written before any of the files is renamed into place.
        self._stack.__exit__(kind, error, trace)

    def append(self, table: pa.Table, vectors: NDArray[np.float32]) -> None:
        if self._records is None:
            self._records = self._open_records(_records_of(table).schema)
        self._vectors.append(vectors)
        self._prints.append(_fingerprints(table))
        records = _records_of(table).cast(self._records.schema)
        if len(records):
            self._records.write_table(records, row_group_size=BATCH_ROWS)

    def _open_records(self, columns: pa.Schema) -> pq.ParquetWriter:
        return self._stack.enter_context(
            parquet.writer(
                self._records_path,
                columns.remove_metadata(),
                use_dictionary=[schema.SOURCE, schema.ALERTS, schema.GEOMETRY],
                write_statistics=False,
            )
        )


def _records_of(table: pa.Table) -> pa.Table:
    """Leave out what a shard keeps elsewhere, and what only the encoder looks at."""
    return table.drop_columns(
        [n for n in (schema.ECFP4, schema.BAG, VECTOR) if n in table.column_names]
    )


def _fingerprints(table: pa.Table) -> NDArray[np.uint8]:
    joined = b"".join(table.column(schema.ECFP4).to_pylist())
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(table), _FINGERPRINT_BYTES)


def _failed_rows(table: pa.Table) -> pa.Table:
    """Failures of the rows whose embedding is of no use."""
    n = len(table)
    columns = {
        schema.RECORD_NUMBER: table.column(schema.RECORD_NUMBER),
        schema.SOURCE: table.column(schema.SOURCE),
        schema.ROW: table.column(schema.ROW),
        schema.MOLECULE_ID: table.column(schema.MOLECULE_ID),
        schema.STAGE: pa.array([STAGE_EMBED] * n, pa.string()),
        schema.REASON: pa.array(["the encoder gave no unit-length embedding"] * n, pa.string()),
        schema.INPUT: table.column(schema.SMILES),
    }
    return pa.table(columns).cast(FAILURE_SCHEMA)


def relative_folder(folder: Path) -> str:
    """Name a shard's folder as manifests do: ``generations/000001/shard-00000``."""
    return f"{GENERATIONS}/{folder.parent.name}/{folder.name}"
