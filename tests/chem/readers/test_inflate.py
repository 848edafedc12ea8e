from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.chem.readers.inflate import codec_of
from molsearch.chem.readers.rows import DamagedError
from molsearch.chem.readers.streams import open_blocks, plain_blocks
from molsearch.config import ReadConfig

CONFIG = ReadConfig()


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstandard": zstd,
}
names = pytest.mark.parametrize("name", PACKERS)


def pieces(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[start : start + size] for start in range(0, len(raw), size))


@names
@given(content=st.binary(min_size=1, max_size=2000), n_members=st.integers(1, 4))
def test_members(name: str, content: bytes, n_members: int) -> None:
    packed = b"".join(PACKERS[name](content) for _ in range(n_members))
    codec = codec_of(packed)
    assert codec is not None
    assert codec.name == name
    if content[:3] in (b"\xef\xbb\xbf",) or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return  # a byte-order mark is taken off
    assert b"".join(plain_blocks(pieces(packed, 5), CONFIG)) == content * n_members


def test_padding_between_members_of_gzip() -> None:
    packed = (gzip.compress(b"CCO\n") + b"\0" * 7) * 2
    assert b"".join(plain_blocks(pieces(packed, 5), CONFIG)) == b"CCO\n" * 2


@names
def test_truncated_data_gives_what_was_good(tmp_path: Path, name: str) -> None:
    content = b"".join(b"CC%d\n" % (number * 7919) for number in range(300_000))
    packed = PACKERS[name](content)
    (tmp_path / "a").write_bytes(packed[: len(packed) - 40])
    out: list[bytes] = []
    with pytest.raises(DamagedError, match="truncated"):
        out.extend(open_blocks(str(tmp_path / "a"), CONFIG))
    assert content.startswith(b"".join(out))
    assert len(b"".join(out)) > len(content) * 0.5


@names
def test_corrupt_data(tmp_path: Path, name: str) -> None:
    content = b"".join(b"CC%d\n" % (number * 7919) for number in range(100_000))
    packed = bytearray(PACKERS[name](content))
    # Zstandard as pyarrow writes it has no checksum, so there a header is broken.
    middle = 6 if name == "zstandard" else len(packed) // 2
    packed[middle : middle + 40] = b"\xff" * 40
    (tmp_path / "a").write_bytes(packed)
    with pytest.raises(DamagedError, match=r"corrupt|truncated"):
        list(open_blocks(str(tmp_path / "a"), CONFIG))


def test_a_wrong_checksum_and_a_tail_are_corrupt(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"CCO a\n" * 1000))
    packed[-6] ^= 1
    for raw in (bytes(packed), gzip.compress(b"CCO a\n") + b"garbage"):
        (tmp_path / "a.gz").write_bytes(raw)
        with pytest.raises(DamagedError, match="corrupt"):
            list(open_blocks(str(tmp_path / "a.gz"), CONFIG))


@names
def test_a_bomb_stops_at_the_ratio(name: str) -> None:
    content = b"C" * 100_000_000
    if name == "gzip":
        packer = zlib.compressobj(9, wbits=31)
        packed = packer.compress(content) + packer.flush()
    else:
        packed = PACKERS[name](content)
    sizes: list[int] = []
    with pytest.raises(DamagedError, match="200-fold; if you trust the file, decompress it"):
        sizes.extend(map(len, plain_blocks(iter([packed]), CONFIG)))
    assert max(sizes) <= 1 << 18
    assert 60_000_000 < sum(sizes) <= 64_000_000


@names
def test_a_bomb_stops_at_the_total(name: str) -> None:
    packed = PACKERS[name](b"CCO\n" * 1000)
    with pytest.raises(DamagedError, match=r"more than 1,000 bytes"):
        list(plain_blocks(iter([packed]), ReadConfig(max_gzip_bytes=1000)))
