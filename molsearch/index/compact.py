"""Make full shards of an index that has grown, as its next generation."""

from __future__ import annotations

import numpy as np

from molsearch.index.carried import carry_companions
from molsearch.index.change import Piece, Write, begin, finish, write_pieces
from molsearch.index.layout import FACTS, generation_folder
from molsearch.index.plan import Change
from molsearch.index.reader import IndexReader
from molsearch.index.rows import RowStream
from molsearch.index.stored import Stored, conformed, record_schema, stored_tables
from molsearch.progress import OnProgress


def shard_sizes(n_rows: int, shard_rows: int) -> list[int]:
    """Rows of each shard where all but the last are full."""
    return [min(shard_rows, n_rows - first) for first in range(0, n_rows, shard_rows)]


def is_compact(reader: IndexReader) -> bool:
    """Whether all shards but the last are full."""
    return reader.shard_rows == shard_sizes(reader.n_rows, reader.manifest.plan.shard_rows)


def compact_shards(
    reader: IndexReader,
    change: Change,
    *,
    overwrite: bool,
    on_progress: OnProgress | None = None,
) -> None:
    """Write all rows anew, in their order, into full shards."""
    plan = reader.manifest.plan
    manifest = begin(reader, change, n_rows=reader.n_rows, overwrite=overwrite)
    tables = conformed(stored_tables(reader, range(reader.n_shards)), record_schema([reader]))
    stream, embedder = RowStream(tables), Stored(reader.dim, plan.dtype, reader.recall)
    sizes = shard_sizes(reader.n_rows, plan.shard_rows)
    pieces: list[Piece] = [Write(stream, size, embedder) for size in sizes]
    shards = write_pieces(reader.path, manifest, pieces, on_progress)
    folder = generation_folder(reader.path, manifest.generation)
    reader.facts.kept.carry_to(folder / FACTS)
    carry_companions(reader.path, shards, [reader], np.arange(reader.n_rows))
    finish(reader.path, manifest, shards, [reader.failures()])
