"""Reading a prepared set: a folder of parquet shards that its manifest vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from molsearch.data.prepared_manifest import (
    PreparedManifest,
    PreparedShard,
    StoredFile,
    read_manifest,
)
from molsearch.data.prepared_table import FAILURES, records_schema
from molsearch.data.repeats import Repeats, repeated_ids
from molsearch.errors import IndexCorruptError, InputError, UsageError
from molsearch.io import parquet
from molsearch.io.folders import Kind, look, refuse_link
from molsearch.io.hashing import sha256_bytes, sha256_file
from molsearch.schema import MOLECULE_ID, RECORD_NUMBER
from molsearch.words import counted

if TYPE_CHECKING:
    import pandas as pd

_MEND = "prepare the library again with --overwrite"


class PreparedSet:
    """A prepared library on disk.

    Attributes
    ----------
    path
        Its folder.
    manifest
        What it holds and how it was made.
    """

    def __init__(self, path: Path, manifest: PreparedManifest) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: str | Path, *, allow_unfinished: bool = False) -> PreparedSet:
        """Open a prepared set and check that every file it names has the size it states.

        Raises
        ------
        InputError
            `path` is no folder, or its preparation is unfinished (unless `allow_unfinished`).
        IndexCorruptError
            The manifest or a file is damaged or missing.
        """
        folder = Path(path)
        found = look(folder)
        if found.kind in (Kind.NOTHING, Kind.FILE, Kind.INDEX, Kind.ENCODER):
            raise InputError(
                f"{folder} is {found}, no prepared set: make one with `molsearch prepare`"
            )
        manifest = read_manifest(folder)
        if not manifest.complete and not allow_unfinished:
            raise InputError(
                f"{folder} is unfinished ({counted(manifest.n_in, 'record')} so far): "
                "run the same prepare command again to finish it"
            )
        for shard in manifest.shards:
            for stored in (shard.records, shard.failures):
                _check_size(folder, stored)
        return cls(folder, manifest)

    def part(self, number: int, of: int) -> PreparedSet:
        """Every `of`-th shard of a whole set from the `number`-th (from 1), as a set.

        Raises
        ------
        UsageError
            There is no such part, or it is empty.
        """
        shards = self.manifest.shards[number - 1 :: of] if 1 <= number <= of else ()
        if not any(shard.records.rows for shard in shards):
            raise UsageError(
                f"{self.path} has {len(self.manifest.shards)} blocks and no molecule in part "
                f"{number} of {of}; choose fewer parts"
            )
        run = self.manifest.run.model_copy(update={"part": (number, of)})
        return PreparedSet(
            self.path, self.manifest.model_copy(update={"shards": shards, "run": run})
        )

    @property
    def n_in(self) -> int:
        """Input records."""
        return self.manifest.n_in

    @property
    def n_ok(self) -> int:
        """Prepared molecules."""
        return self.manifest.n_ok

    @property
    def n_failed(self) -> int:
        """Records that failed."""
        return self.manifest.n_failed

    @property
    def complete(self) -> bool:
        """Whether the whole input was prepared."""
        return self.manifest.complete

    @property
    def _schema(self) -> pa.Schema:
        return records_schema(self.manifest.run.buckets)

    @cached_property
    def identity(self) -> str:
        """Hex sha256 over the checksums of the record files: equal for equal contents."""
        sums = "".join(shard.records.sha256 for shard in self.manifest.shards)
        return sha256_bytes(sums.encode())

    def iter_tables(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Yield one table a shard, in input order; shards without molecules are left out.

        Parameters
        ----------
        columns
            Names to read; all by default.
        """
        for shard in self.manifest.shards:
            if shard.records.rows:
                yield _read(self.path, shard.records, self._schema, columns)

    def iter_failures(self) -> Iterator[pa.Table]:
        """Yield one table of failures a shard, in input order; empty ones are left out."""
        for shard in self.manifest.shards:
            if shard.failures.rows:
                yield _read(self.path, shard.failures, FAILURES, None)

    def failures(self) -> pd.DataFrame:
        """Collect the failures table, with the columns ``schema.FAILURE_COLUMNS``."""
        tables = list(self.iter_failures())
        frame: pd.DataFrame = pa.concat_tables(tables or [FAILURES.empty_table()]).to_pandas()
        return frame

    def repeated_ids(self) -> Repeats:
        """Find the ids that more than one molecule has."""
        return repeated_ids(
            lambda: (table.column(MOLECULE_ID) for table in self.iter_tables([MOLECULE_ID]))
        )

    def verify(self) -> None:
        """Check every byte: checksums, columns, row counts, and that each record occurs once.

        Raises
        ------
        IndexCorruptError
            Naming the file that is not as the manifest says.
        """
        for shard in self.manifest.shards:
            numbers = []
            for stored, columns in ((shard.records, self._schema), (shard.failures, FAILURES)):
                _check_size(self.path, stored)
                if sha256_file(self.path / stored.file) != stored.sha256:
                    raise IndexCorruptError(
                        f"{self.path / stored.file} differs from its checksum: {_MEND}"
                    )
                table = _read(self.path, stored, columns, [RECORD_NUMBER])
                numbers.append(table.column(RECORD_NUMBER))
            self._check_numbers(shard, numbers)

    def _check_numbers(self, shard: PreparedShard, numbers: list[pa.ChunkedArray]) -> None:
        found = sorted(number for column in numbers for number in column.to_pylist())
        if found != list(range(shard.first_record, shard.first_record + shard.n_in)):
            raise IndexCorruptError(
                f"{self.path / shard.records.file} does not hold the records "
                f"{shard.first_record} to {shard.first_record + shard.n_in - 1}: {_MEND}"
            )


def _check_size(folder: Path, stored: StoredFile) -> None:
    path = folder / stored.file
    try:
        refuse_link(folder, stored.file)
        size = path.stat().st_size
    except OSError as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else f"is {error.strerror}"
        raise IndexCorruptError(f"{path} {reason}: {_MEND}") from error
    if size != stored.size:
        raise IndexCorruptError(f"{path} has {size} bytes instead of {stored.size}: {_MEND}")


def _read(
    folder: Path, stored: StoredFile, schema: pa.Schema, columns: list[str] | None
) -> pa.Table:
    path = folder / stored.file
    try:
        # One shard is small: a single thread keeps memory flat and order certain.
        with parquet.opened(path) as file:
            if not file.schema_arrow.equals(schema):
                raise IndexCorruptError(f"{path} has other columns than a prepared set's: {_MEND}")
            table = file.read(columns=columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise IndexCorruptError(f"{path} cannot be read ({error}): {_MEND}") from error
    if table.num_rows != stored.rows:
        raise IndexCorruptError(
            f"{path} has {counted(table.num_rows, 'row')}, not {stored.rows}: {_MEND}"
        )
    return table
