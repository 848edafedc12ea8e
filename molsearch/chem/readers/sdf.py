"""SD files: split at ``$$$$`` lines, the mol block and the tags kept as the text they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from molsearch.chem.readers.joined import is_counts, part
from molsearch.chem.readers.oddities import Oddities
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
from molsearch.sdtags import read_items, read_title

_END_OF_RECORD = re.compile(rb"^\$\$\$\$([^\n]*)\n", re.MULTILINE)
_END_OF_BLOCK = re.compile(r"^M  END[^\n]*(?:\n|\Z)", re.MULTILINE)
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
    buffer, scanned, skipped, head, glued = b"", 0, 0, b"", b""
    for block in blocks:
        buffer += block
        start = 0
        for match in _END_OF_RECORD.finditer(buffer, scanned):
            record = buffer[start : match.start()]
            yield _bounded(_with_title(glued, record), head, skipped, limit)
            start, skipped, head, glued = match.end(), 0, b"", match[1]
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
        yield _bounded(_with_title(glued, record), head, skipped, limit)


def _with_title(glued: bytes, record: bytes) -> bytes:
    """Give a record the title that stands behind the ``$$$$`` before it.

    That is where it stands after a file that ended without a line end; anything else there is a
    comment.
    """
    if not glued.strip():
        return record
    counts = record.split(b"\n", 3)[2:3]
    return glued + b"\n" + record if counts and is_counts(decode(counts[0])) else record


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
    rows = _rows(split_records(blocks, config.max_record_bytes), config, source)
    return with_ids(rows, config, source, report, "sdf")


def _rows(records: Iterator[bytes | TooLong], config: ReadConfig, source: str) -> Iterator[Row]:
    oddities = Oddities(source)
    number = 0
    for record in records:
        if isinstance(record, TooLong):
            number += 1
            title = read_title(record.head.split("\n", 1)[0])[:200]
            error = too_long_error(record, config.max_record_bytes)
            yield Row(number, title, molblock=shown(record.head), error=error)
            continue
        parts = part(decode(record).replace("\r\n", "\n"))
        oddities.joined(number + 1, parts)
        for text in parts.texts:
            number += 1
            yield parse_record(number, text, oddities)
    oddities.warn()


def parse_record(number: int, text: str, oddities: Oddities | None = None) -> Row:
    """Take one record apart into title, mol block and tags.

    Parameters
    ----------
    number
        1-based position in its file.
    text
        The record without its ``$$$$`` line.
    oddities
        Where to note what is not as it should be.
    """
    end = _end_of_block(text)
    if end is not None:
        cut, error = end, ""
    else:
        tag = _FIRST_TAG.search(text)
        cut, error = (
            (tag.start() if tag else len(text)),
            "no 'M  END' line: the record is cut short",
        )
    molblock = text[:cut]
    title = read_title(molblock.split("\n", 1)[0])
    if not molblock.strip():
        error = "no mol block in this record"
    items = read_items(text[cut:])
    if oddities is not None:
        oddities.note(number, items)
    extra = dict(zip(unique_names(items.names), items.values, strict=True))
    return Row(number, title, "", molblock, extra, error or _counts_error(molblock))


def _end_of_block(text: str) -> int | None:
    """Position after the line "M  END"; the three lines above the counts are free text."""
    start = 0
    for _ in range(3):
        start = text.find("\n", start) + 1
        if not start:
            return None
    end = _END_OF_BLOCK.search(text, start)
    return end.end() if end else None


def _counts_error(molblock: str) -> str:
    lines = molblock.split("\n", 4)
    counts = lines[3] if len(lines) > 3 else ""
    if _COUNTS.match(counts) or "V3000" in counts:
        return ""
    return f"counts line (line 4 of the mol block) is not readable: {counts[:80]!r}"
