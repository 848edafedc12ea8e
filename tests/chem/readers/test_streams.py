from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.chem.readers import streams
from molsearch.chem.readers.rows import DamagedError
from molsearch.chem.readers.streams import one_newline, open_blocks, peek
from molsearch.config import ReadConfig
from molsearch.errors import InputError

CONFIG = ReadConfig()


def read(path: Path, config: ReadConfig = CONFIG) -> bytes:
    return b"".join(open_blocks(str(path), config))


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


@given(
    st.text(st.sampled_from("ab\r\n"), max_size=40),
    st.lists(st.integers(1, 5), max_size=20),
)
def test_one_newline(text: str, sizes: list[int]) -> None:
    raw, blocks = text.encode(), []
    for size in [*sizes, len(text)]:
        blocks.append(raw[:size])
        raw = raw[size:]
    found = b"".join(one_newline(block for block in blocks if block))
    assert found.decode() == io.StringIO(text, newline=None).read()


def test_broken_utf_16_is_damage(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_bytes("CCO a\n".encode("utf-16")[:-1])
    with pytest.raises(DamagedError, match="UTF-16"):
        read(tmp_path / "a.smi")


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
