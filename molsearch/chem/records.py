"""Every row of every source as a `Record`, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from molsearch.chem.readers.detect import HEAD_BYTES, PARQUET_MAGIC, format_of
from molsearch.chem.readers.parquet import read_parquet, read_parquet_file
from molsearch.chem.readers.rows import DamagedError, OnReading, Row
from molsearch.chem.readers.sdf import read_sdf
from molsearch.chem.readers.sources import STDIN, expand_sources
from molsearch.chem.readers.streams import open_blocks, peek
from molsearch.chem.readers.text import read_smi_text, read_table_text
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
        try:
            for row, molecule_id, smiles, molblock, extra, error in read_rows(
                source, config, on_reading
            ):
                number += 1
                if not molecule_id or molecule_id.isspace():
                    molecule_id = f"mol-{number}"
                yield Record(number, source, row, molecule_id, smiles, molblock, extra, error)
        except DamagedError as error:
            read = number - before
            where = f"after record {read:,}" if read else "before its first record"
            raise InputError(f"{source}: {error.what} {where}; {error.mend}") from error
        if number == before:
            raise InputError(f"{source}: no molecule rows in this file; give one that holds some")


def read_rows(source: str, config: ReadConfig, on_reading: OnReading) -> Iterator[Row]:
    """Stream the rows of one source, its format told by suffix and content.

    Raises
    ------
    InputError
        The source cannot be read at all.
    DamagedError
        Its bytes break off; the rows before were good.
    """
    if _is_parquet_file(source):
        return read_parquet_file(source, config, source, on_reading)
    head, blocks = peek(open_blocks(source, config), HEAD_BYTES)
    kind = _format(source, head, blocks)
    if kind == "parquet":
        return read_parquet(blocks, config, source, on_reading)
    if kind == "sdf":
        return read_sdf(blocks, config, source, on_reading)
    reader = read_table_text if kind == "table" else read_smi_text
    return reader(blocks, config, source, on_reading)


def _format(source: str, head: bytes, blocks: Iterator[bytes]) -> str:
    if not head:
        next(blocks, None)  # damage before the first byte is damage, not an empty file
    return format_of(source, head)


def _is_parquet_file(source: str) -> bool:
    """Whether a source is a regular file with Parquet's magic, which can be read in place."""
    path = Path(source)
    if source == STDIN or not path.is_file():
        return False
    try:
        with path.open("rb") as handle:
            return handle.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    except OSError:
        return False  # opening it as a stream says why
