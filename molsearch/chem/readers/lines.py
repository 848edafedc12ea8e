"""Lines of text in bounded memory: a line above the limit costs its beginning only."""

from __future__ import annotations

from collections.abc import Iterator

from molsearch.chem.readers.rows import TooLong, decode, shown

Line = str | TooLong
_HEAD = 2000


def bounded_lines(blocks: Iterator[bytes], limit: int) -> Iterator[Line]:
    r"""Split blocks of bytes at ``\n`` and decode each line (UTF-8, else Latin-1).

    Parameters
    ----------
    blocks
        Non-empty pieces of one text.
    limit
        Longest line kept, in bytes.

    Yields
    ------
    str or TooLong
        Lines without their ``\n`` (a ``\r`` before it is kept); `TooLong` for a line above
        `limit`, which is never held whole.
    """
    open_line = _OpenLine(limit)
    for block in blocks:
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
