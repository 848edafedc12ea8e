from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from molsearch.chem.readers.lines import BARE_RETURN, bounded_lines
from molsearch.chem.readers.rows import TooLong


def cut(raw: bytes, sizes: list[int]) -> list[bytes]:
    blocks = []
    for size in sizes:
        blocks.append(raw[:size])
        raw = raw[size:]
    return [block for block in [*blocks, raw] if block]


def split(text: str) -> list[str]:
    lines = re.sub(r"\r(?!\n)", f"{BARE_RETURN}\n", text).split("\n")
    return lines if lines[-1] else lines[:-1]


texts = st.text(st.sampled_from("ab \té\r\x0b\u2028\n\n"), max_size=80)
sizes = st.lists(st.integers(1, 9), max_size=20)


@given(texts, sizes)
def test_lines_do_not_depend_on_blocks(text: str, sizes: list[int]) -> None:
    lines = list(bounded_lines(iter(cut(text.encode(), sizes)), 1000))
    assert lines == split(text)


@given(texts, sizes, st.integers(1, 12))
def test_long_lines_cost_themselves_only(text: str, sizes: list[int], limit: int) -> None:
    lines = list(bounded_lines(iter(cut(text.encode(), sizes)), limit))
    expected = [line.encode() for line in split(text)]
    assert len(lines) == len(expected)
    for line, raw in zip(lines, expected, strict=True):
        if len(raw) <= limit:
            assert line == raw.decode()
        else:
            assert isinstance(line, TooLong)
            assert line.n_bytes == len(raw)


def test_line_ends_may_be_mixed() -> None:
    lines = bounded_lines(iter([b"a\r", b"b\r\nc\nd\r\r\ne"]), 100)
    assert [line.rstrip("\r") for line in lines] == ["a", "b", "c", "d", "", "e"]


def test_a_bare_return_at_the_end() -> None:
    assert list(bounded_lines(iter([b"a\r"]), 100)) == ["a" + BARE_RETURN]
    blocks = (b"CCO m\r" * 50_000 for _ in range(3))
    assert len(list(bounded_lines(blocks, 100))) == 150_000


def test_latin_1_lines_between_utf_8_lines() -> None:
    raw = "é\n".encode() + "é\n".encode("latin-1") + "é\nx".encode()
    assert list(bounded_lines(iter([raw]), 100)) == ["é", "é", "é", "x"]


def test_a_long_line_is_never_held() -> None:
    blocks = (b"C" * 250_000 for _ in range(400))
    (line,) = bounded_lines(blocks, 1_000_000)
    assert isinstance(line, TooLong)
    assert line.n_bytes == 100_000_000
    assert len(line.head) <= 500
