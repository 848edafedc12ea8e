"""Further rows beside a shard's own: another fingerprint, the embeddings of a second encoder.

They are computed the first time that somebody asks for them, from what the shard holds, and
kept in its folder; a shard that is added later gets its own, one that is written anew takes them
over (`molsearch.index.carried`). A file that is damaged, or of other records or versions, is made
again. A large shard's are kept in parts until the last is there: a kill loses one part.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molsearch import schema
from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.blocks import BlockSums, CheckedRows, HeldRows, Rows, block_sums
from molsearch.index.layout import RECORDS
from molsearch.index.models import read_model, write_model
from molsearch.index.npy import RowWriter
from molsearch.index.reader import IndexReader
from molsearch.io.atomic import replacing
from molsearch.progress import OnProgress

_ROWS_AT_ONCE = 4096
PART_ROWS = 16_384


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
    of_embeddings
        Whether `compute` takes the stored embeddings ``[n, dim]`` in place of records.
    """

    name: str
    version: str
    width: int
    dtype: str
    columns: tuple[str, ...]
    compute: Callable[[Any], NDArray[np.generic]]
    of_embeddings: bool = False

    def rows(self, reader: IndexReader, shard: int, start: int, stop: int) -> NDArray[np.generic]:
        """Compute rows ``start .. stop - 1`` of a shard."""
        if self.of_embeddings:
            return self.compute(reader.checked_embeddings(shard).rows(start, stop))
        places = np.arange(start, stop)
        return self.compute(reader.take(np.full(len(places), shard), places, list(self.columns)))


def held(reader: IndexReader, companion: Companion) -> list[CheckedRows | None]:
    """Open what is there, shard by shard; None for one that has none, or none that can be used."""
    return [_opened(reader, shard, companion) for shard in range(reader.n_shards)]


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
    for shard in range(reader.n_shards):
        rows = _made(reader, shard, companion, on_progress)
        if isinstance(rows, OSError):
            raise UsageError(
                f"{reader.path} lacks {companion.name}, which is kept beside its shards, and "
                f"cannot be written ({rows.strerror}): ask its owner to run the same "
                "screen once, or rank by balanced"
            ) from rows
        found.append(rows)
    return found


class KeptRows:
    """Rows beside the shards of an index, each shard's opened or computed when it is asked for.

    Where they cannot be kept they stay in memory, as long as the reader does. May be used from
    several threads.
    """

    def __init__(self, reader: IndexReader, companion: Companion) -> None:
        self._reader, self._companion = reader, companion
        # The reader has them, rather than these the reader: its generation is free once it goes.
        self._found = reader.beside.setdefault(f"{companion.name} {companion.version}", {})

    def of(self, shard: int, on_progress: OnProgress | None = None) -> Rows:
        """Rows of one shard."""
        with self._reader.opening:
            if shard not in self._found:
                made = _made(self._reader, shard, self._companion, on_progress)
                self._found[shard] = (
                    self._held(shard, on_progress) if isinstance(made, OSError) else made
                )
            return self._found[shard]

    def _held(self, shard: int, on_progress: OnProgress | None) -> HeldRows:
        none = np.empty((0, self._companion.width), self._companion.dtype)
        rows = range(self._reader.shard_rows[shard])
        blocks = _computed(self._reader, shard, rows, self._companion, on_progress)
        return HeldRows(np.concatenate([none, *blocks]))

    def every(self, on_progress: OnProgress | None = None) -> list[Rows]:
        """Rows of all shards."""
        return [self.of(shard, on_progress) for shard in range(self._reader.n_shards)]


def _made(
    reader: IndexReader, shard: int, companion: Companion, on_progress: OnProgress | None
) -> CheckedRows | OSError:
    """Open the rows beside a shard, computed now where they are not there, or why they are not."""
    rows = _opened(reader, shard, companion)
    if rows is None:
        refused: OSError | None = None
        try:
            _write(reader, shard, companion, on_progress)
        except OSError as error:
            refused = error
        rows = _opened(reader, shard, companion)
        if rows is None and refused is not None:
            return refused
        if rows is None:
            raise IndexCorruptError(
                f"{reader.path}: {companion.name} of shard {shard} was altered while it was "
                "written; repeat the command"
            )
    # A run may have been killed between its last part and their removal.
    shutil.rmtree(_path(reader, shard, companion).with_suffix(".parts"), ignore_errors=True)
    return rows


def about_of(path: Path) -> About:
    """Read what stands beside a companion's rows.

    Raises
    ------
    IndexCorruptError
        It cannot be read.
    """
    return read_model(path.with_suffix(".json"), About)


def write_about(path: Path, source: str, version: str) -> None:
    """Describe finished rows; they count from then on."""
    sums = {path.name: block_sums(path)}
    write_model(path.with_suffix(".json"), About(files=sums, source=source, version=version))


def _path(reader: IndexReader, shard: int, companion: Companion) -> Path:
    return reader.path / reader.manifest.shards[shard].folder / f"{companion.name}.npy"


def _opened(reader: IndexReader, shard: int, companion: Companion) -> CheckedRows | None:
    entry = reader.manifest.shards[shard]
    path = _path(reader, shard, companion)
    return _opened_at(path, entry.files[RECORDS].sha256, entry.n_rows, companion)


def _opened_at(path: Path, source: str, n_rows: int, companion: Companion) -> CheckedRows | None:
    try:
        about = about_of(path)
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        sums = about.files[path.name]
        if (
            (about.source, about.version) != (source, companion.version)
            or array.shape != (n_rows, companion.width)
            or array.dtype != np.dtype(companion.dtype)
            # All of it will be read: compared now, what is damaged is made again.
            or block_sums(path) != sums
        ):
            return None
    except (OSError, ValueError, EOFError, KeyError, IndexCorruptError):
        return None
    return CheckedRows(array, path, sums, about.block_bytes)


def _write(
    reader: IndexReader, shard: int, companion: Companion, report: OnProgress | None
) -> None:
    entry = reader.manifest.shards[shard]
    path = _path(reader, shard, companion)
    source = entry.files[RECORDS].sha256
    if entry.n_rows <= PART_ROWS:
        _compute(reader, shard, range(entry.n_rows), companion, path, report)
        write_about(path, source, companion.version)
        return
    parts = path.with_suffix(".parts")
    pieces = []
    for first in range(0, entry.n_rows, PART_ROWS):
        rows = range(first, min(first + PART_ROWS, entry.n_rows))
        piece = parts / f"{first:09d}.npy"
        if _opened_at(piece, source, len(rows), companion) is None:
            _compute(reader, shard, rows, companion, piece, report)
            write_about(piece, source, companion.version)
        elif report is not None:
            report(int(reader.starts[shard]) + rows.stop, 0)
        pieces.append(piece)
    with (
        replacing(path) as temporary,
        RowWriter(temporary, companion.width, companion.dtype) as whole,
    ):
        for piece in pieces:
            whole.append(np.load(piece, mmap_mode="r", allow_pickle=False))
    write_about(path, source, companion.version)


def _compute(
    reader: IndexReader,
    shard: int,
    rows: range,
    companion: Companion,
    path: Path,
    report: OnProgress | None,
) -> None:
    with (
        replacing(path) as temporary,
        RowWriter(temporary, companion.width, companion.dtype) as writer,
    ):
        for block in _computed(reader, shard, rows, companion, report):
            writer.append(block)


def _computed(
    reader: IndexReader,
    shard: int,
    rows: range,
    companion: Companion,
    report: OnProgress | None,
) -> Iterator[NDArray[np.generic]]:
    """Compute some rows of a shard, some thousand at a time."""
    for first in range(rows.start, rows.stop, _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, rows.stop)
        yield companion.rows(reader, shard, first, last)
        if report is not None:
            report(int(reader.starts[shard]) + last, 0)


#: Columns of the records that an encoder reads.
OF_ENCODERS = (schema.PARENT_SMILES, schema.N_CONFORMERS, schema.N_ATOMS, schema.COORDS)
