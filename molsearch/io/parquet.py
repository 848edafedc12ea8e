"""Parquet files opened by us: Arrow takes a path such as ``s3:x`` for an address, a handle never.

What is written carries a checksum a page, and reading compares it; files without are read too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from molsearch.io.atomic import replacing, write_through


def opened(path: Path) -> pq.ParquetFile:
    """Open a parquet file of the disk, whatever its path looks like.

    Raises
    ------
    OSError
        It is not there, or no regular file.
    pyarrow.ArrowException
        It is no parquet file, or a page of it was altered (when that page is read).
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(None, "not a regular file", str(path))
    # As bytes, for a name need not be text.
    return pq.ParquetFile(pa.OSFile(os.fsencode(path)), page_checksum_verification=True)


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a whole parquet file, or some of its columns."""
    file = opened(path)
    try:
        return file.read(columns=None if columns is None else list(columns), use_threads=False)
    finally:
        file.close(force=True)


def names(path: Path) -> list[str]:
    """Read the names of the columns alone."""
    file = opened(path)
    try:
        return list(file.schema_arrow.names)
    finally:
        file.close(force=True)


def read_frame(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a parquet file as a data frame, as ``pandas.read_parquet`` does."""
    with path.open("rb") as handle:
        frame: pd.DataFrame = pd.read_parquet(
            handle, columns=None if columns is None else list(columns)
        )
    return frame


@contextmanager
def writing(path: Path, schema: pa.Schema, **options: Any) -> Iterator[pq.ParquetWriter]:
    """Write tables one after the other to `path`, which is seen whole or not at all.

    Parameters
    ----------
    options
        Of ``pyarrow.parquet.ParquetWriter``.
    """
    with replacing(path) as temporary, writer(temporary, schema, **options) as opened_writer:
        yield opened_writer


@contextmanager
def writer(path: Path, schema: pa.Schema, **options: Any) -> Iterator[pq.ParquetWriter]:
    """Write to an open file at `path` itself, zstd-compressed and with a checksum a page."""
    with (
        path.open("wb") as handle,
        pq.ParquetWriter(
            handle, schema, compression="zstd", write_page_checksum=True, **options
        ) as opened_writer,
    ):
        yield opened_writer


def write(table: pa.Table, path: Path) -> None:
    """Write a table atomically."""

    def fill(handle: IO[bytes]) -> None:
        pq.write_table(table, handle, compression="zstd", write_page_checksum=True)

    write_through(path, fill)
