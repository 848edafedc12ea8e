from __future__ import annotations

import gzip
import io
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.chem.readers import streams
from molsearch.chem.readers.rows import DamagedError
from molsearch.chem.readers.streams import open_blocks, peek
from molsearch.config import ReadConfig
from molsearch.errors import InputError

CONFIG = ReadConfig()


def read(path: Path, config: ReadConfig = CONFIG) -> bytes:
    return b"".join(open_blocks(str(path), config))


@given(content=st.binary(min_size=1, max_size=2000), n_members=st.integers(1, 4))
def test_gzip_members_and_padding(content: bytes, n_members: int) -> None:
    packed = b"".join(gzip.compress(content) for _ in range(n_members)) + b"\0" * 7
    pieces = [packed[start : start + 5] for start in range(0, len(packed), 5)]
    out = b"".join(streams._gunzip(iter(pieces), 200, 10**9))
    assert out == content * n_members


def test_gzip_is_told_by_magic_not_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_bytes(gzip.compress(b"CCO a\n"))
    (tmp_path / "b.smi.gz").write_bytes(b"CCO a\n")
    assert read(tmp_path / "a.smi") == read(tmp_path / "b.smi.gz") == b"CCO a\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    text = "CCO µ-café\n" * 20_000
    mark = "\ufeff" if encoding.endswith("e") else ""
    (tmp_path / "a.smi").write_bytes((mark + text).encode(encoding))
    assert read(tmp_path / "a.smi") == text.encode()


def test_bom_split_over_blocks() -> None:
    blocks = iter([b"\xef", b"\xbb", b"\xbfCC", b"O"])
    assert b"".join(streams._as_utf8(blocks)) == b"CCO"


def test_carriage_returns_alone_end_lines(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_bytes(b"CCO a\rCCN b\r")
    assert read(tmp_path / "a.smi") == b"CCO a\nCCN b\n"


@pytest.mark.parametrize("kept", [1, 10, 500])
def test_truncated_gzip_gives_what_was_good(tmp_path: Path, kept: int) -> None:
    content = b"".join(b"CC%d\n" % (number * 7919) for number in range(100_000))
    packed = gzip.compress(content)
    (tmp_path / "a.gz").write_bytes(packed[: len(packed) - kept])
    out: list[bytes] = []
    with pytest.raises(DamagedError, match="truncated"):
        out.extend(open_blocks(str(tmp_path / "a.gz"), CONFIG))
    assert content.startswith(b"".join(out))
    assert len(b"".join(out)) > len(content) * 0.9


def test_corrupt_gzip(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"CCO a\n" * 1000))
    packed[-6] ^= 1  # the checksum
    (tmp_path / "a.gz").write_bytes(packed)
    with pytest.raises(DamagedError, match="corrupt"):
        read(tmp_path / "a.gz")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"CCO a\n") + b"garbage")
    with pytest.raises(DamagedError, match="corrupt"):
        read(tmp_path / "b.gz")


def test_bomb_stops_at_the_ratio(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    zeros = b"C" * 1_000_000
    packed = b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush()
    (tmp_path / "a.gz").write_bytes(packed)
    sizes: list[int] = []
    with pytest.raises(DamagedError, match="200-fold; if you trust the file, gunzip it"):
        sizes.extend(map(len, open_blocks(str(tmp_path / "a.gz"), CONFIG)))
    assert 60_000_000 < sum(sizes) <= 64_000_000


def test_bomb_stops_at_the_total(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"CCO\n" * 1000))
    with pytest.raises(DamagedError, match="more than 1,000 bytes"):
        read(tmp_path / "a.gz", ReadConfig(max_gzip_bytes=1000))


def test_missing_file_and_closed_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        read(tmp_path / "none.smi")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input is closed"):
        list(open_blocks("-", CONFIG))


def test_stdin_is_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"CCO\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert b"".join(open_blocks("-", CONFIG)) == b"CCO\n"
    assert not stdin.buffer.closed


def test_failing_disk_is_damage() -> None:
    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    original = streams._standard_input
    try:
        streams._standard_input = Failing  # type: ignore[assignment]
        with pytest.raises(DamagedError, match="Input/output error"):
            list(open_blocks("-", CONFIG))
    finally:
        streams._standard_input = original


def test_peek_takes_nothing_away() -> None:
    head, blocks = peek(iter([b"a", b"b", b"c"]), 2)
    assert head == b"ab"
    assert b"".join(blocks) == b"abc"
