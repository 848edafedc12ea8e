"""Every row of every source as a `Record`, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipFile

from molsearch.chem.readers.archive import (
    ZIP_MAGIC,
    as_file,
    check_workbook,
    is_workbook,
    member_blocks,
    molecule_files,
    opened,
)
from molsearch.chem.readers.formats import HEAD_BYTES, PARQUET, format_of
from molsearch.chem.readers.parquet import read_parquet_file
from molsearch.chem.readers.rows import DamagedError, OnReading, Row
from molsearch.chem.readers.sources import expand_sources
from molsearch.chem.readers.streams import open_blocks, peek, plain_blocks
from molsearch.chem.readers.suffixes import STDIN
from molsearch.chem.readers.xlsx import read_workbook
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import Reading, Record

__all__ = ["expand_sources", "iter_records"]


def unheard(reading: Reading) -> None:
    """Take no notice of how a source is read."""


def iter_records(
    sources: Sequence[str | Path], config: ReadConfig, on_reading: OnReading = unheard
) -> Iterator[Record]:
    """Stream the records of files, directories, globs and ``-`` (standard input), in order.

    Every row becomes a record: a row that holds no readable structure is a `Record` with
    ``error`` set, and reading goes on behind it. At most one row and one block of a file are held.

    Parameters
    ----------
    sources
        What the user named; see `expand_sources`.
    config
        Columns, delimiter, header and limits; ``None`` means detect.
    on_reading
        Called once a source, before its first record: which columns were taken.

    Returns
    -------
    Iterator[Record]
        Records numbered from 1 over all sources. With several files each is looked at before
        the first record comes, so that a bad one is reported before hours of work.

    Raises
    ------
    InputError
        A source that cannot be read at all (missing, empty, binary, no SMILES column), at this
        call or at the source's first record; or damaged half-way, after the records before the
        damage.
    UsageError
        No source, a source named twice, or an unusable delimiter.
    """
    files = expand_sources(sources)
    if len(files) > 1:
        for source in files:
            _look_at(source, config)
    return _records(files, config, on_reading)


def _look_at(source: str, config: ReadConfig) -> None:
    """Read the first record of a regular file, to find out early that it cannot be read."""
    if source != STDIN and Path(source).is_file() and not source.lower().endswith(".parquet.gz"):
        for _ in islice(_records([source], config, unheard), 1):
            break


def _records(files: Sequence[str], config: ReadConfig, on_reading: OnReading) -> Iterator[Record]:
    number = 0
    for source in files:
        before = number
        name = source
        try:
            for name, rows in read_parts(source, config, on_reading):
                for row, molecule_id, smiles, molblock, extra, error in rows:
                    number += 1
                    if not molecule_id or molecule_id.isspace():
                        molecule_id = f"mol-{number}"
                    yield Record(number, name, row, molecule_id, smiles, molblock, extra, error)
        except DamagedError as error:
            read = number - before
            where = f"after record {read:,}" if read else "before its first record"
            raise InputError(f"{name}: {error.what} {where}; {error.mend}") from error
        if number == before:
            raise InputError(f"{source}: no molecule rows in this file; give one that holds some")


def read_parts(
    source: str, config: ReadConfig, on_reading: OnReading
) -> Iterator[tuple[str, Iterator[Row]]]:
    """Give the rows of one source, its format told by suffix and content.

    Yields
    ------
    The source's name and its rows; of a zip those of each file, of a workbook those of each
    sheet with structures, in turn.

    Raises
    ------
    InputError
        The source cannot be read at all.
    DamagedError
        Its bytes break off; the rows before were good.
    """
    return _parts(source, source, open_blocks(source, config), config, on_reading)


def _parts(
    source: str, name: str, blocks: Iterator[bytes], config: ReadConfig, on_reading: OnReading
) -> Iterator[tuple[str, Iterator[Row]]]:
    head, blocks = peek(blocks, HEAD_BYTES)
    if not head:
        next(blocks, None)  # damage before the first byte is damage, not an empty file
    if head.startswith(ZIP_MAGIC):
        with as_file(source, head, blocks) as file, opened(file, name) as archive:
            yield from _unpacked(file, archive, name, config, on_reading, nested=name != source)
        return
    kind = format_of(name, head)
    if kind is PARQUET:
        with as_file(source, head, blocks) as file:
            yield name, read_parquet_file(file, config, name, on_reading)
    else:
        yield name, kind.read(blocks, config, name, on_reading)


def _unpacked(
    file: BinaryIO,
    archive: ZipFile,
    name: str,
    config: ReadConfig,
    on_reading: OnReading,
    *,
    nested: bool,
) -> Iterator[tuple[str, Iterator[Row]]]:
    if is_workbook(archive):
        check_workbook(archive, config)
        yield from read_workbook(file, config, name, on_reading)
        return
    if nested:
        raise InputError(f"{name}: a zip within a zip; unpack it and give the folder")
    for info in molecule_files(archive, name):
        inside = f"{name}/{info.filename}"
        blocks = plain_blocks(member_blocks(archive, info, config), config)
        yield from _parts(name, inside, blocks, config, on_reading)
