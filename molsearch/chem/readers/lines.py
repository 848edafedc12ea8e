"""Lines of text in bounded memory: a line above the limit costs its beginning only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from molsearch.chem.readers.rows import Row, TooLong, decode, shown, too_long_error

Line = str | TooLong
_HEAD = 2000
# What a line that ended in a bare carriage return ends in here, so that a quoted cell which holds
# one can be put together again. No other line does: a second "\r" before "\n" is bare itself.
BARE_RETURN = "\r\r"
_BARE = re.compile(rb"\r(?!\n)")


def unread(number: int, line: TooLong, limit: int) -> Row:
    """Row of a line above the limit: what is kept of it stands for its structure."""
    return Row(number, smiles=line.head, error=too_long_error(line, limit))


def size_of(line: Line) -> int:
    """Characters of a line that were read."""
    return len(line) if isinstance(line, str) else len(line.head)


def bounded_lines(blocks: Iterator[bytes], limit: int) -> Iterator[Line]:
    r"""Split blocks of bytes at ``\n``, ``\r\n`` and bare ``\r`` and decode each line.

    A line is UTF-8, or else Windows-1252; one file may mix all of these.

    Parameters
    ----------
    blocks
        Non-empty pieces of one text.
    limit
        Longest line kept, in bytes.

    Yields
    ------
    str or TooLong
        Lines without their ``\n`` (a ``\r`` before it is kept; after a bare ``\r`` the line
        ends in `BARE_RETURN`); `TooLong` for a line above `limit`, which is never held whole.
    """
    open_line = _OpenLine(limit)
    for block in _marked(blocks):
        cut = block.rfind(b"\n")
        if cut < 0:
            open_line.add(block)
            continue
        first = block.find(b"\n")
        yield open_line.close(block[:first])
        if first < cut:
            yield from _complete(block[first + 1 : cut], limit)
        if cut + 1 < len(block):
            open_line.add(block[cut + 1 :])
    if open_line.size:
        yield open_line.close(b"")


def _marked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Let bare carriage returns end lines."""
    held = b""
    for block in blocks:
        text = held + block if held else block
        # The last byte may be the first half of a line end.
        held = b"\r" if text.endswith(b"\r") else b""
        if held:
            text = text[:-1]
        if text.count(b"\r") != text.count(b"\r\n"):
            text = _BARE.sub(b"\r\r\n", text)
        if text:
            yield text
    if held:
        yield b"\r\r\n"


def _complete(raw: bytes, limit: int) -> Iterator[Line]:
    """Split bytes that hold whole lines, decoding them at one go where all are UTF-8."""
    if len(raw) <= limit:
        try:
            yield from raw.decode().split("\n")
        except UnicodeDecodeError:
            yield from map(decode, raw.split(b"\n"))
        return
    for line in raw.split(b"\n"):
        yield decode(line) if len(line) <= limit else _too_long(line, len(line))


def _too_long(head: bytes, size: int) -> TooLong:
    return TooLong(shown(decode(head[:_HEAD])), size)


class _OpenLine:
    """The line that the last block left unfinished; past the limit only its head is kept."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._pieces.append(piece)
        if self.size > self.limit:
            self._pieces = [b"".join(self._pieces)[:_HEAD]]

    def close(self, end: bytes) -> Line:
        self.add(end)
        raw, size = b"".join(self._pieces), self.size
        self._pieces, self.size = [], 0
        return decode(raw) if size <= self.limit else _too_long(raw, size)
