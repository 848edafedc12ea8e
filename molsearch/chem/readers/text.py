"""Text of molecules: SMI lines or a table, told by its first hundred lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from molsearch.chem.readers.delimited import read_delimited
from molsearch.chem.readers.layout import SMI, Layout, detect_layout
from molsearch.chem.readers.lines import Line, bounded_lines, size_of
from molsearch.chem.readers.rows import OnReading, Row, TooLong, sample
from molsearch.chem.readers.smi import read_smi
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import Reading

_SAMPLE_LINES = 100
_SAMPLE_BYTES = 1_000_000
# Excel writes, and reads, a first line that names the delimiter.
_SEP = re.compile(r"\ufeff?\"?sep=([^\r\n\"])\"?[,;\t]*\r*", re.IGNORECASE)
_NAMES = {SMI: "smi", "\t": "tsv", " ": "columns"}


def read_smi_text(
    blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading
) -> Iterator[Row]:
    """Yield one row for each line of a text that may be SMI lines or a table."""
    return _read(blocks, config, source, report, table=False)


def read_table_text(
    blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading
) -> Iterator[Row]:
    """Yield one row for each line of a text whose suffix promises a table."""
    return _read(blocks, config, source, report, table=True)


def _read(
    blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading, *, table: bool
) -> Iterator[Row]:
    lines = bounded_lines(blocks, config.max_record_bytes)
    first, lines = sample(lines, _SAMPLE_LINES, _SAMPLE_BYTES, size_of)
    taken = 0
    if first and isinstance(first[0], str) and (said := _SEP.fullmatch(first[0])):
        taken, table, first = 1, True, first[1:]
        next(lines)
        if config.delimiter is None:
            config = config.model_copy(update={"delimiter": said[1]})
    whole = [line.rstrip("\r") for line in first if isinstance(line, str) and not _blank(line)]
    if table and isinstance(next((line for line in first if not _blank(line)), None), TooLong):
        raise InputError(
            f"{source}: the first line has more than {config.max_record_bytes:,} bytes; "
            "check that it is a table of molecules"
        )
    if not whole:  # nothing but over-long lines, which are reported one by one
        return _shifted(read_smi(lines, False, config), taken)
    layout = detect_layout(whole, config, source, table)
    report(_reading(layout, source))
    if layout.delimiter == SMI:
        return _shifted(read_smi(lines, layout.header, config), taken)
    return _shifted(read_delimited(lines, layout, config), taken)


def _shifted(rows: Iterator[Row], taken: int) -> Iterator[Row]:
    """Count the lines taken before the table, so that a row is its line in the file."""
    return (row._replace(row=row.row + taken) for row in rows) if taken else rows


def _reading(layout: Layout, source: str) -> Reading:
    kind = _NAMES.get(layout.delimiter, "csv")
    found = layout.columns.reading(source, kind)
    if layout.delimiter != SMI:
        return found
    named = "rest of the line" if found.molecule_id else ""
    return replace(found, structure="first word of the line", molecule_id=named)


def _blank(line: Line) -> bool:
    return isinstance(line, str) and (not line or line.isspace())
