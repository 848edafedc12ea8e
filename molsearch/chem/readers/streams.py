"""A source as blocks of bytes: opened, inflated within limits, transcoded, without a BOM."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from molsearch.chem.readers.inflate import AGAIN, BLOCK, codec_of, inflated
from molsearch.chem.readers.rows import DamagedError, sample
from molsearch.chem.readers.suffixes import STDIN
from molsearch.config import ReadConfig
from molsearch.errors import InputError

_MAGIC_BYTES = 8
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def open_blocks(source: str, config: ReadConfig) -> Iterator[bytes]:
    """Stream the bytes of a file or of standard input, inflated where they are compressed.

    Raises
    ------
    InputError
        The source cannot be opened.
    DamagedError
        The compressed data is truncated or corrupt, or expands beyond the limits; the blocks
        before were good.
    """
    return plain_blocks(_raw_blocks(source), config)


def plain_blocks(blocks: Iterator[bytes], config: ReadConfig) -> Iterator[bytes]:
    """Inflate blocks where they are compressed, and make text of them UTF-8.

    Compression is told by its magic bytes, not by the name. UTF-16 text that carries a byte-order
    mark (PowerShell, Excel's Unicode text) comes out as UTF-8.
    """
    head, blocks = peek(blocks, _MAGIC_BYTES)
    codec = codec_of(head)
    return _as_utf8(blocks if codec is None else inflated(blocks, codec, config))


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
        raise DamagedError(f"reading fails ({error.strerror or error})", AGAIN) from error
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


def one_newline(blocks: Iterator[bytes]) -> Iterator[bytes]:
    r"""Make every line end, ``\r\n`` or a bare ``\r``, a ``\n``, whichever the file mixes."""
    held = b""
    for block in blocks:
        text = held + block if held else block
        if b"\r" not in text:
            held = b""
            yield text
            continue
        # The last byte may be the first half of a line end.
        cut = len(text) - text.endswith(b"\r")
        held = text[cut:]
        if piece := text[:cut].replace(b"\r\n", b"\n").replace(b"\r", b"\n"):
            yield piece
    if held:
        yield b"\n"


def _as_utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    head, blocks = peek(blocks, len(codecs.BOM_UTF8))
    if head.startswith(_UTF16):
        return _transcode(blocks)
    return _without_bom(blocks) if head.startswith(codecs.BOM_UTF8) else blocks


def _transcode(blocks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        for block in blocks:
            if text := decoder.decode(block):
                yield text.encode("utf-8", "replace")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DamagedError("the UTF-16 text is broken", AGAIN) from error


def _without_bom(blocks: Iterator[bytes]) -> Iterator[bytes]:
    left = len(codecs.BOM_UTF8)
    for block in blocks:
        piece, left = block[left:], max(0, left - len(block))
        if piece:
            yield piece
