"""Further rows beside a shard's own: another fingerprint, the embeddings of a second encoder.

They are computed the first time that a ranking asks for them, from the records of the shard, and
kept in its folder; a shard that is added later gets its own. A file that is damaged, or of other
records or versions, is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from molsearch import schema
from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.blocks import BlockSums, CheckedRows, block_sums
from molsearch.index.layout import RECORDS
from molsearch.index.manifest import read_model, write_model
from molsearch.index.npy import RowWriter
from molsearch.index.reader import IndexReader
from molsearch.io.atomic import replacing

_ROWS_AT_ONCE = 4096
OnProgress = Callable[[int, int], None]


class About(BlockSums):
    """Sums of the blocks, and what they were made of: records, and the version of the maker."""

    source: str = Field(pattern=r"^[0-9a-f]{64}$")
    version: str


@dataclass(frozen=True)
class Companion:
    """What is kept beside each shard.

    Attributes
    ----------
    name
        Of its files; letters, digits, dashes.
    version
        Changes whenever values would.
    width, dtype
        Of a row.
    columns
        Of the records that `compute` reads.
    compute
        From records ``[n]`` to rows ``[n, width]``.
    """

    name: str
    version: str
    width: int
    dtype: str
    columns: tuple[str, ...]
    compute: Callable[[pa.Table], NDArray[np.generic]]


def lacking(reader: IndexReader, companion: Companion) -> list[int]:
    """Shards that have none yet, or one that cannot be used."""
    return [shard for shard in range(reader.n_shards) if _opened(reader, shard, companion) is None]


def companions(
    reader: IndexReader, companion: Companion, on_progress: OnProgress | None = None
) -> Sequence[CheckedRows]:
    """Open the rows beside every shard, computed now where they are not there.

    Raises
    ------
    UsageError
        They cannot be kept, because the index cannot be written.
    """
    found = []
    done = 0
    for shard, n_rows in enumerate(reader.shard_rows):
        rows = _opened(reader, shard, companion)
        if rows is None:
            try:
                _write(reader, shard, companion, done, on_progress)
            except OSError as error:
                raise UsageError(
                    f"{reader.path} lacks {companion.name}, which is kept beside its shards, and "
                    f"cannot be written ({error.strerror}): ask its owner to run the same screen "
                    "once, or rank by balanced"
                ) from error
            rows = _opened(reader, shard, companion)
            if rows is None:
                raise IndexCorruptError(
                    f"{reader.path}: {companion.name} of shard {shard} was altered while it was "
                    "written; repeat the command"
                )
        found.append(rows)
        done += n_rows
    return found


def _opened(reader: IndexReader, shard: int, companion: Companion) -> CheckedRows | None:
    path = reader.path / reader.manifest.shards[shard].folder / f"{companion.name}.npy"
    try:
        about = read_model(path.with_suffix(".json"), About)
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        sums = about.files[path.name]
        entry = reader.manifest.shards[shard]
        if (
            (about.source, about.version) != (entry.files[RECORDS].sha256, companion.version)
            or array.shape != (entry.n_rows, companion.width)
            or array.dtype != np.dtype(companion.dtype)
            # All of it will be read: compared now, what is damaged is made again.
            or block_sums(path) != sums
        ):
            return None
    except (OSError, ValueError, EOFError, KeyError, IndexCorruptError):
        return None
    return CheckedRows(array, path, sums, about.block_bytes)


def _write(
    reader: IndexReader, shard: int, companion: Companion, done: int, report: OnProgress | None
) -> None:
    entry = reader.manifest.shards[shard]
    path = reader.path / entry.folder / f"{companion.name}.npy"
    with (
        replacing(path) as temporary,
        RowWriter(temporary, companion.width, companion.dtype) as rows,
    ):
        for first in range(0, entry.n_rows, _ROWS_AT_ONCE):
            places = np.arange(first, min(first + _ROWS_AT_ONCE, entry.n_rows))
            table = reader.take(np.full(len(places), shard), places, list(companion.columns))
            rows.append(companion.compute(table))
            if report is not None:
                report(done + int(places[-1]) + 1, 0)
    sums = {path.name: block_sums(path)}
    about = About(files=sums, source=entry.files[RECORDS].sha256, version=companion.version)
    write_model(path.with_suffix(".json"), about)


#: Columns of the records that an encoder reads.
OF_ENCODERS = (schema.PARENT_SMILES, schema.N_CONFORMERS, schema.N_ATOMS, schema.COORDS)
