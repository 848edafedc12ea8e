"""A source as blocks of bytes: opened, inflated within limits, transcoded, without a BOM."""

from __future__ import annotations

import codecs
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from molsearch.chem.readers.rows import DamagedError, sample
from molsearch.chem.readers.sources import STDIN
from molsearch.config import ReadConfig
from molsearch.errors import InputError

BLOCK = 1 << 18
GZIP_MAGIC = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Below this much output no ratio is judged: short repetitive files compress very well.
_RATIO_FLOOR = 64_000_000
_AGAIN = "copy or download the file again"
_DOUBT = f"earlier records may be wrong too, so {_AGAIN}"


def open_blocks(source: str, config: ReadConfig) -> Iterator[bytes]:
    """Stream the bytes of a file or of standard input, inflated where they are gzip.

    gzip is told by its magic bytes, not by the name. UTF-16 text that carries a byte-order mark
    (PowerShell, Excel's Unicode text) comes out as UTF-8; lines that end in a bare carriage
    return come out ending in a newline.

    Raises
    ------
    InputError
        The source cannot be opened.
    DamagedError
        The gzip data is truncated or corrupt, or expands beyond the limits; the blocks before
        were good.
    """
    head, blocks = peek(_raw_blocks(source), 2)
    if head.startswith(GZIP_MAGIC):
        blocks = _gunzip(blocks, config.max_gzip_ratio, config.max_gzip_bytes)
    return _as_utf8(blocks)


def peek(blocks: Iterator[bytes], n_bytes: int) -> tuple[bytes, Iterator[bytes]]:
    """Return at least the first `n_bytes` bytes (fewer at the end) and the whole stream."""
    first, again = sample(blocks, n_bytes, n_bytes, len)
    return b"".join(first), again


def _raw_blocks(source: str) -> Iterator[bytes]:
    handle = _standard_input() if source == STDIN else _open(source)
    # read1 hands over what a slow pipe has, instead of waiting for a full block.
    read = getattr(handle, "read1", handle.read)
    try:
        while block := read(BLOCK):
            yield block
    except OSError as error:
        raise DamagedError(f"reading fails ({error.strerror or error})", _AGAIN) from error
    finally:
        if source != STDIN:
            handle.close()


def _open(source: str) -> BinaryIO:
    try:
        return Path(source).open("rb", buffering=0)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{source}: cannot be opened ({reason}); check the path") from error


def _standard_input() -> BinaryIO:
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise InputError("-: standard input is closed; pipe a file into the command or name one")
    binary: BinaryIO = stream
    return binary


def _gunzip(blocks: Iterator[bytes], max_ratio: float, max_bytes: int) -> Iterator[bytes]:
    """Inflate all members of a gzip stream, at most `BLOCK` bytes at a time."""
    taken = made = 0
    inflate = zlib.decompressobj(wbits=31)
    for block in blocks:
        taken += len(block)
        data = block
        while data:
            if inflate.eof:  # next member; zero padding between members is legal
                data = data.lstrip(b"\0")
                if not data:
                    break
                inflate = zlib.decompressobj(wbits=31)
            before = inflate.copy()
            try:
                piece = inflate.decompress(data, BLOCK)
            except zlib.error as error:
                yield from _salvaged(before, data)
                raise DamagedError("the gzip data is corrupt", _DOUBT) from error
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            made += len(piece)
            _check_expansion(taken, made, max_ratio, max_bytes)
            if piece:
                yield piece
    while not inflate.eof and (piece := inflate.decompress(b"", BLOCK)):
        yield piece
    if not inflate.eof and taken:
        raise DamagedError("the gzip data is truncated", _AGAIN)


def _salvaged(inflate: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Inflate what comes before a break, which a call on the whole data would throw away."""
    pieces = []
    try:
        for position in range(len(data)):
            pieces.append(inflate.decompress(data[position : position + 1]))  # noqa: PERF401
    except zlib.error:
        pass
    if whole := b"".join(pieces):
        yield whole


def _check_expansion(taken: int, made: int, max_ratio: float, max_bytes: int) -> None:
    mend = "if you trust the file, gunzip it and read that"
    if made > max(_RATIO_FLOOR, max_ratio * taken):
        raise DamagedError(f"the gzip data expands more than {max_ratio:g}-fold", mend)
    if made > max_bytes:
        raise DamagedError(f"the gzip data expands to more than {max_bytes:,} bytes", mend)


def _as_utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    head, blocks = peek(blocks, 1 << 16)
    if head.startswith(_UTF16):
        head, blocks = peek(_transcode(blocks), 1 << 16)
    elif head.startswith(codecs.BOM_UTF8):
        blocks = _without_bom(blocks)
    if b"\r" in head and b"\n" not in head and b"\0" not in head:
        return (block.replace(b"\r", b"\n") for block in blocks)
    return blocks


def _transcode(blocks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    for block in blocks:
        if text := decoder.decode(block):
            yield text.encode("utf-8", "replace")


def _without_bom(blocks: Iterator[bytes]) -> Iterator[bytes]:
    left = len(codecs.BOM_UTF8)
    for block in blocks:
        piece, left = block[left:], max(0, left - len(block))
        if piece:
            yield piece
