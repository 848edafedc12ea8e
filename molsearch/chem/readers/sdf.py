"""SD files: split at ``$$$$`` lines, the mol block and the tags kept as the text they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from molsearch.chem.readers.rows import (
    OnReading,
    Row,
    TooLong,
    decode,
    shown,
    too_long_error,
    unique_names,
)
from molsearch.chem.readers.titles import with_ids
from molsearch.config import ReadConfig

_END_OF_RECORD = re.compile(rb"^\$\$\$\$[^\n]*\n", re.MULTILINE)
_END_OF_BLOCK = re.compile(r"^M  END[^\n]*(?:\n|\Z)", re.MULTILINE)
_TAG = re.compile(r">[^<\n]*<(.*)>[^>\n]*")
_FIRST_TAG = re.compile(r"^>[^<\n]*<.*>", re.MULTILINE)
_COUNTS = re.compile(r"[ \d]{2}\d[ \d]{2}\d")
_TITLE_BYTES = 2000
# Longest $$$$ line that is told from a long line of text.
_DELIMITER_BYTES = 200


def split_records(blocks: Iterator[bytes], limit: int) -> Iterator[bytes | TooLong]:
    """Split an SD file at its ``$$$$`` lines, holding one record at a time.

    Parameters
    ----------
    blocks
        The bytes of the file in pieces.
    limit
        Largest record kept, in bytes; of a larger one only the head is kept, as `TooLong`.

    Yields
    ------
    bytes or TooLong
        Each record without its ``$$$$`` line; the last one also where that line is missing.
    """
    buffer, scanned, skipped, head = b"", 0, 0, b""
    for block in blocks:
        buffer += block
        start = 0
        for match in _END_OF_RECORD.finditer(buffer, scanned):
            record = buffer[start : match.start()]
            yield _bounded(record, head, skipped, limit)
            start, skipped, head = match.end(), 0, b""
        buffer = buffer[start:]
        kept = _shortened(buffer, limit)
        if kept is not buffer:
            head = head or buffer[:_TITLE_BYTES]
            skipped += len(buffer) - len(kept)
            buffer = kept
        scanned = _scanned(buffer)
    last = _END_OF_RECORD.search(buffer + b"\n", scanned)
    record = buffer[: last.start()] if last else buffer
    if skipped or last or record.strip():
        yield _bounded(record, head, skipped, limit)


def _scanned(buffer: bytes) -> int:
    """Position before which no ``$$$$`` line can end any more."""
    last = buffer.rfind(b"\n") + 1
    may_delimit = len(buffer) - last < 4 or buffer.startswith(b"$$$$", last)
    return last if may_delimit else len(buffer)


def _shortened(buffer: bytes, limit: int) -> bytes:
    """Drop what cannot be kept of an unfinished record; the same object where all can.

    The unfinished last line may be the beginning of a ``$$$$`` line, so it stays; of one above
    the limit a single character does, which keeps the next byte from standing at a line's start.
    """
    last = buffer.rfind(b"\n") + 1
    line = buffer[last:]
    if len(line) > limit + _DELIMITER_BYTES:
        return b"$$$$" if line.startswith(b"$$$$") else b"-"
    return line if last > limit else buffer


def _bounded(record: bytes, head: bytes, skipped: int, limit: int) -> bytes | TooLong:
    size = len(record) + skipped
    if size <= limit:
        return record
    return TooLong(decode(head or record[:_TITLE_BYTES]), size)


def read_sdf(
    blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading
) -> Iterator[Row]:
    """Yield one row for each record of an SD file.

    The id is the title line or a tag; see `with_ids`.
    """
    rows = _rows(split_records(blocks, config.max_record_bytes), config)
    return with_ids(rows, config, source, report, "sdf")


def _rows(records: Iterator[bytes | TooLong], config: ReadConfig) -> Iterator[Row]:
    for number, record in enumerate(records, start=1):
        if isinstance(record, TooLong):
            title = record.head.split("\n", 1)[0].strip()[:200]
            error = too_long_error(record, config.max_record_bytes)
            yield Row(number, title, molblock=shown(record.head), error=error)
        else:
            yield parse_record(number, decode(record))


def parse_record(number: int, text: str) -> Row:
    """Take one record apart into title, mol block and tags.

    Parameters
    ----------
    number
        1-based position in its file.
    text
        The record without its ``$$$$`` line.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    end = _END_OF_BLOCK.search(text)
    if end is not None:
        cut, error = end.end(), ""
    else:
        tag = _FIRST_TAG.search(text)
        cut, error = (
            (tag.start() if tag else len(text)),
            "no 'M  END' line: the record is cut short",
        )
    molblock = text[:cut]
    title = molblock.split("\n", 1)[0].strip()
    if not molblock.strip():
        error = "no mol block in this record"
    return Row(
        number, title, "", molblock, parse_tags(text[cut:]), error or _counts_error(molblock)
    )


def _counts_error(molblock: str) -> str:
    lines = molblock.split("\n", 4)
    counts = lines[3] if len(lines) > 3 else ""
    if _COUNTS.match(counts) or "V3000" in counts:
        return ""
    return f"counts line (line 4 of the mol block) is not readable: {counts[:80]!r}"


def parse_tags(text: str) -> dict[str, str]:
    r"""Read the data items after a mol block, values verbatim, in order.

    A value ends before the next ``> <NAME>`` line that follows a blank line, so that blank lines
    within a value survive; the blank lines that end it do not belong to it. Repeated names are
    made unique.

    Examples
    --------
    >>> parse_tags(">  <IC50>\n12 nM\n\n>  <note>\ntwo\nlines\n\n")
    {'IC50': '12 nM', 'note': 'two\nlines'}
    """
    names: list[str] = []
    values: list[list[str]] = []
    may_start = True
    for line in text.split("\n"):
        match = _TAG.fullmatch(line.rstrip()) if may_start and line.startswith(">") else None
        if match:
            names.append(match[1])
            values.append([])
        elif values:
            values[-1].append(line)
        may_start = match is not None or not line.strip()
    return dict(zip(unique_names(names), map(_value, values), strict=True))


def _value(lines: list[str]) -> str:
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines)
