"""The two files of a prepared shard, written here or by a worker elsewhere: the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from molsearch.chem.columns import Block
from molsearch.data.prepared_manifest import StoredFile
from molsearch.data.prepared_table import block_table, failures_table_of
from molsearch.io import parquet
from molsearch.io.folders import SHARDS
from molsearch.io.hashing import sha256_file
from molsearch.work.place import Place, Put


@dataclass(frozen=True)
class FarShard:
    """Files of a shard that a worker elsewhere has made, records first."""

    files: tuple[tuple[Put, StoredFile], tuple[Put, StoredFile]]


def put_shard(
    place: Place,
    number: int,
    blocks: Sequence[Block],
    buckets: tuple[int, int, int] | None,
) -> FarShard:
    """Make the files of a shard and put them into a place, for `PreparedWriter.adopt`."""
    with TemporaryDirectory(prefix="molsearch-") as folder:
        stored = write_shard(Path(folder), number, blocks, buckets)
        names = [Path(one.file).name for one in stored]
        puts = [place.put(Path(folder) / name, name) for name in names]
    return FarShard(((puts[0], stored[0]), (puts[1], stored[1])))


def write_shard(
    folder: Path,
    number: int,
    blocks: Sequence[Block],
    buckets: tuple[int, int, int] | None,
) -> tuple[StoredFile, StoredFile]:
    """Write what became of consecutive records: molecules and failures."""
    table = pa.concat_tables([block_table(one, buckets) for one in blocks]).combine_chunks()
    failures = failures_table_of([failure for one in blocks for failure in one.failures])
    n_in = sum(block.n_in for block in blocks)
    assert n_in == len(table) + len(failures), "a record without an outcome"
    return (
        _store(folder, f"records-{number:05d}", table),
        _store(folder, f"failures-{number:05d}", failures),
    )


def _store(folder: Path, name: str, table: pa.Table) -> StoredFile:
    path = folder / f"{name}.parquet"
    parquet.write(table, path)
    return StoredFile(
        file=f"{SHARDS}/{path.name}",
        rows=table.num_rows,
        size=path.stat().st_size,
        sha256=sha256_file(path),
    )
