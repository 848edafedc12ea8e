"""Compressed bytes inflated in bounded memory: gzip, bzip2, xz and zstandard, within limits."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from molsearch.chem.readers.rows import DamagedError
from molsearch.config import ReadConfig

BLOCK = 1 << 18
AGAIN = "copy or download the file again"
_DOUBT = f"earlier records may be wrong too, so {AGAIN}"
# Below this much output no ratio is judged: short repetitive files compress very well.
_RATIO_FLOOR = 64_000_000
_XZ_MEMORY = 1 << 29


@dataclass
class Expansion:
    """How much compressed data was taken and how much came out, held to the limits."""

    kind: str
    config: ReadConfig
    taken: int = 0
    made: int = 0

    def check(self) -> None:
        """Refuse what expands beyond the limits.

        Raises
        ------
        DamagedError
            It does; the mend is to decompress it by hand.
        """
        ratio, most = self.config.max_gzip_ratio, self.config.max_gzip_bytes
        mend = "if you trust the file, decompress it and read that"
        if self.made > max(_RATIO_FLOOR, ratio * self.taken):
            raise DamagedError(f"the {self.kind} data expands more than {ratio:g}-fold", mend)
        if self.made > most:
            raise DamagedError(f"the {self.kind} data expands to more than {most:,} bytes", mend)


@dataclass(frozen=True, slots=True)
class Codec:
    """A compression: how its data begin, the suffix it adds, and how it is undone."""

    name: str
    suffixes: tuple[str, ...]
    magic: bytes
    inflate: Callable[[Iterator[bytes], Expansion], Iterator[bytes]]


def codec_of(head: bytes) -> Codec | None:
    """Find the compression whose magic bytes `head` begins with."""
    return next((codec for codec in CODECS if head.startswith(codec.magic)), None)


def inflated(blocks: Iterator[bytes], codec: Codec, config: ReadConfig) -> Iterator[bytes]:
    """Inflate a stream, in pieces of at most `BLOCK` bytes.

    Raises
    ------
    DamagedError
        The data are truncated or corrupt, or expand beyond the limits; the blocks before were
        good.
    """
    return codec.inflate(blocks, Expansion(codec.name, config))


def _gzip(blocks: Iterator[bytes], count: Expansion) -> Iterator[bytes]:
    """Inflate all members of a gzip stream."""
    inflate = zlib.decompressobj(wbits=31)
    for block in blocks:
        count.taken += len(block)
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
            count.made += len(piece)
            count.check()
            if piece:
                yield piece
    while not inflate.eof and (piece := inflate.decompress(b"", BLOCK)):
        yield piece
    if not inflate.eof and count.taken:
        raise DamagedError("the gzip data is truncated", AGAIN)


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


def _members(new: Callable[[], Any], blocks: Iterator[bytes], count: Expansion) -> Iterator[bytes]:
    """Inflate all members of a bzip2 or xz stream, whose decompressors are used alike."""
    inflate = new()
    fresh = True
    for block in blocks:
        count.taken += len(block)
        data = block
        while data or not (inflate.needs_input or inflate.eof):
            if inflate.eof:  # next member; zero padding between members is legal
                data = data.lstrip(b"\0")
                if not data:
                    break
                inflate, fresh = new(), True
            try:
                piece = inflate.decompress(data, BLOCK)
            except (OSError, EOFError, lzma.LZMAError) as error:
                raise DamagedError(f"the {count.kind} data is corrupt", _DOUBT) from error
            fresh = False
            data = inflate.unused_data if inflate.eof else b""
            count.made += len(piece)
            count.check()
            if piece:
                yield piece
    if not inflate.eof and not fresh:
        raise DamagedError(f"the {count.kind} data is truncated", AGAIN)


def _bzip2(blocks: Iterator[bytes], count: Expansion) -> Iterator[bytes]:
    return _members(bz2.BZ2Decompressor, blocks, count)


def _xz(blocks: Iterator[bytes], count: Expansion) -> Iterator[bytes]:
    return _members(lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY), blocks, count)


def _zstandard(blocks: Iterator[bytes], count: Expansion) -> Iterator[bytes]:
    try:
        with pa.CompressedInputStream(pa.PythonFile(_Feed(blocks, count)), "zstd") as stream:
            while piece := stream.read(BLOCK):
                count.made += len(piece)
                count.check()
                yield piece
    except pa.ArrowException as error:
        raise _zstd_damage(error) from error
    except OSError as error:
        raise _zstd_damage(error) from error


def _zstd_damage(error: Exception) -> DamagedError:
    if "runcated" in str(error):
        return DamagedError("the zstandard data is truncated", AGAIN)
    return DamagedError("the zstandard data is corrupt", _DOUBT)


class _Feed(io.RawIOBase):
    """Blocks as a file to be read, for readers that want one."""

    def __init__(self, blocks: Iterator[bytes], count: Expansion) -> None:
        super().__init__()
        self._blocks, self._count, self._rest = blocks, count, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        if not self._rest:
            self._rest = next(self._blocks, b"")
            self._count.taken += len(self._rest)
        cut = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:cut], self._rest[cut:]
        return piece


CODECS = (
    Codec("gzip", (".gz",), b"\x1f\x8b", _gzip),
    Codec("bzip2", (".bz2",), b"BZh", _bzip2),
    Codec("xz", (".xz",), b"\xfd7zXZ\x00", _xz),
    Codec("zstandard", (".zst",), b"\x28\xb5\x2f\xfd", _zstandard),
)
