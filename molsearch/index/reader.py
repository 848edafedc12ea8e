"""Open an index and read its rows; sees whole generations only."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.errors import (
    EncoderMismatchError,
    IndexCorruptError,
    InputError,
    UnfinishedError,
    first_line,
)
from molsearch.index.blocks import BlockGuard
from molsearch.index.blocks import Rows as ShardRows
from molsearch.index.fact_failures import failures_of
from molsearch.index.files import check_quick, refuse_linked_folder
from molsearch.index.layout import (
    FACTS,
    FAILURES,
    MANIFEST,
    RECORDS,
    generation_folder,
    generations,
)
from molsearch.index.manifest import Manifest, read_generation
from molsearch.index.models import read_model
from molsearch.index.record_file import RecordFile
from molsearch.index.records import take_rows
from molsearch.index.shard_files import ShardFiles
from molsearch.io import parquet
from molsearch.io.folders import Kind, look
from molsearch.store.hold import hold

# What a path makes of an address such as s3://bucket/folder.
_WAS_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:/")

if TYPE_CHECKING:
    from molsearch.index.facts import FactColumns


Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)


class IndexReader(ShardFiles):
    """A whole generation of an index, which no writer removes while this lives.

    Attributes
    ----------
    path
        Folder of the index.
    manifest
        The generation's manifest.
    beside
        Further rows of shards that were asked for, by what they are and the shard's number
        (`molsearch.index.companions.KeptRows`).
    opening
        Held while they are opened or computed, by one thread for all.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        super().__init__(path, manifest)
        hold(self, generation_folder(path, manifest.generation))
        self._records: dict[int, RecordFile] = {}
        self.beside: dict[str, dict[int, ShardRows]] = {}
        self.opening = Lock()

    @property
    def identity(self) -> str:
        """Identity of the encoder whose embeddings these are."""
        return self.manifest.plan.encoder

    def take(
        self,
        shards: NDArray[np.integer],
        rows: NDArray[np.integer],
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Read the records of the rows ``(shards[i], rows[i])``, in that order.

        Only the row groups that hold a wanted row are read. Facts among `columns` that the
        records do not hold are computed now and kept (`molsearch.index.facts`); null is one that
        cannot be.
        """
        if columns is None or not self._lazy.intersection(columns):
            return self.called(take_rows(self.records, shards, rows, columns))
        held = [name for name in columns if name in self.held_columns]
        more = [schema.PARENT_SMILES] if schema.PARENT_SMILES not in held else []
        table = take_rows(self.records, shards, rows, [*held, *more])
        lacking = [
            name
            for name in columns
            if name in self._lazy and (name not in held or table.column(name).null_count)
        ]
        if lacking:
            table = self.facts.complete(table, self.starts[shards] + rows, lacking)
        return self.called(table.select(list(columns)))

    def called(self, rows: Rows) -> Rows:
        """Give rows with the names that the library's files go by (`molsearch.index.renamed`)."""
        return rows

    def fact_failures(
        self,
        shards: NDArray[np.integer] | None = None,
        rows: NDArray[np.integer] | None = None,
    ) -> pa.Table:
        """Rows of failures for facts that cannot be computed, of some molecules or of all.

        These molecules are in the index all the same; what failed is an empty cell.
        """
        kept = self.facts.kept
        places = None if shards is None or rows is None else self.starts[shards] + rows
        reasons = kept.failed() if places is None else kept.reasons(places.astype(np.int64))
        return self.called(failures_of(self, reasons))

    @cached_property
    def facts(self) -> FactColumns:
        """Facts that are computed when asked for."""
        from molsearch.index.facts import FactColumns

        return FactColumns(generation_folder(self.path, self.manifest.generation) / FACTS)

    @cached_property
    def held_columns(self) -> frozenset[str]:
        """Columns of the record files; a null of a fact there is one not yet computed."""
        return frozenset(self.records(0).schema.names)

    @cached_property
    def _lazy(self) -> frozenset[str]:
        """Columns that may have to be computed."""
        from molsearch.index.facts import TYPES

        return frozenset(TYPES)

    def records(self, shard: int) -> RecordFile:
        """Open the record file of a shard, once."""
        if shard not in self._records:
            path = self._file(shard, RECORDS)
            sums = self._block_sums(shard)
            guard = None
            if sums is not None and RECORDS in sums.files:
                guard = BlockGuard(path, sums.files[RECORDS], sums.block_bytes)
            self._records[shard] = RecordFile(path, self.manifest.shards[shard].n_rows, guard)
        return self._records[shard]

    def failures(self) -> pa.Table:
        """Every record without an embedding, and why."""
        path = generation_folder(self.path, self.manifest.generation) / FAILURES
        try:
            return self.called(parquet.read(path))
        except (OSError, pa.ArrowException) as error:
            raise IndexCorruptError(f"{path} cannot be read: {first_line(error)}") from error

    @cached_property
    def first_failure(self) -> pa.Table:
        """The first of `failures`, if any: every screen names it, and none reads all for that."""
        found = self.failures()
        # Copied: a slice would keep all of it.
        return found.take(pa.array([0][: len(found)], pa.int64()))

    def check(self) -> None:
        """Compare every file's presence, size and edges with the manifest.

        Raises
        ------
        IndexCorruptError
            A file is missing, cut short or exchanged.
        """
        for number, shard in enumerate(self.manifest.shards):
            refuse_linked_folder(self.path, shard.folder)
            for name, entry in shard.files.items():
                check_quick(self.path / shard.folder / name, entry)
            if self._is_compact:
                self._compact_rows(number)
            else:
                self.embeddings(number)
            self.fingerprints(number)
            self.ranks(number)
        folder = generation_folder(self.path, self.manifest.generation)
        check_quick(folder / FAILURES, self.manifest.failures)


def open_index(path: Path | str, *, identity: str | None = None) -> IndexReader:
    """Open the newest whole generation of an index.

    Parameters
    ----------
    identity
        Encoder that the caller will search with.

    Raises
    ------
    InputError
        There is no index at `path`.
    IndexCorruptError
        The index is damaged and nothing that answers the same question is left.
    EncoderMismatchError
        The index was made by another encoder than `identity`.
    """
    path = Path(path)
    find_index(path)
    reader, damage = newest(path)
    if identity is not None and identity != reader.identity:
        from molsearch.nn.bundled import named, to_pass

        raise EncoderMismatchError(
            f"{path} was made by encoder {named(reader.identity)}, this one is {named(identity)}: "
            f"their embeddings cannot be compared; pass {to_pass(reader.identity)}, or build the "
            "index again"
        )
    return reader if damage is None else _previous(reader, damage)


def newest(path: Path) -> tuple[IndexReader, IndexCorruptError | None]:
    """Open what the head names, and what is wrong with it.

    A writer may remove a generation between the look at the head and the hold on its folder:
    then the head names another by now.
    """
    while True:
        reader = IndexReader(path, _manifest_of(path))
        try:
            reader.check()
        except IndexCorruptError as error:
            if _manifest_of(path).generation == reader.manifest.generation:
                return reader, error
        else:
            return reader, None


def find_index(path: Path) -> None:
    """Make sure that there is a finished index at `path`, sound or not.

    Raises
    ------
    InputError
        There is none.
    UnfinishedError
        What there is was never finished.
    """
    found = look(path)
    if found.kind is Kind.NOTHING and _WAS_ADDRESS.match(str(path)):
        raise InputError(
            f"{path} is an address: an index there can be searched and clustered (screen, "
            "explain, cluster); do this where it lies on a disk"
        )
    if found.kind is Kind.NOTHING:
        raise InputError(f"no index at {path}; make one with: molsearch index LIBRARY -o {path}")
    if found.kind is not Kind.INDEX:
        raise InputError(
            f"{path} ({found}) is not an index; make one with: molsearch index {path} -o FOLDER"
        )
    if not found.finished:
        raise UnfinishedError(
            f"{path} holds an unfinished index; repeat the molsearch index command that began "
            "it, which goes on where it stopped"
        )


def _manifest_of(path: Path) -> Manifest:
    """Read the head, or where it is damaged the newest generation's own copy of it."""
    try:
        return read_model(path / MANIFEST, Manifest)
    except IndexCorruptError as error:
        for number in generations(path)[-1:]:
            # Only the newest generation's copy says what the head said; an older one may
            # belong to another library.
            if (generation_folder(path, number) / MANIFEST).is_file():
                manifest = read_generation(path, number)
                warnings.warn(
                    f"{error}; its copy in generation {number} is used instead", stacklevel=3
                )
                return manifest
        raise


def _previous(reader: IndexReader, error: IndexCorruptError) -> IndexReader:
    """Fall back to the generation before, where it holds the same library and encoder.

    Any other generation would answer another question in silence, so `error` stands then.
    """
    for number in reversed(generations(reader.path)):
        if number >= reader.manifest.generation:
            continue
        try:
            manifest = read_generation(reader.path, number)
            older = IndexReader(reader.path, manifest)
            if manifest.plan.library != reader.manifest.plan.library:
                continue
            if manifest.plan.encoder != reader.manifest.plan.encoder:
                continue
            older.check()
        except IndexCorruptError:
            continue
        warnings.warn(
            f"{error}; generation {number}, of the same library and encoder, is used instead",
            stacklevel=3,
        )
        return older
    raise error
