from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.chem.readers.rows import (
    DamagedError,
    decode,
    listed,
    sample,
    unique_names,
)


@given(st.lists(st.sampled_from(["", " ", "a", "A", "a_2", "column_1", "column_2", "b"])))
def test_unique_names_are_unique_and_keep_first_uses(names: list[str]) -> None:
    result = unique_names(names)
    assert len(set(result)) == len(names) == len(result)
    for position, name in enumerate(names):
        if name.strip() and name not in names[:position]:
            assert result[position] == name


def _breaking(n: int) -> Iterator[bytes]:
    for _ in range(n):
        yield b"x"
    raise DamagedError("broken", "mend")


@given(st.integers(0, 8), st.integers(1, 8))
def test_sample_keeps_every_item_and_defers_damage(n: int, looked_at: int) -> None:
    first, again = sample(_breaking(n), looked_at, 100, len)
    assert len(first) == min(n, looked_at)
    seen: list[bytes] = []
    with pytest.raises(DamagedError):
        seen.extend(again)
    assert seen == [b"x"] * n


def test_sample_stops_at_its_byte_limit() -> None:
    first, again = sample(iter([b"12", b"34", b"56"]), 10, 3, len)
    assert first == [b"12", b"34"]
    assert list(again) == [b"12", b"34", b"56"]


def test_decode_falls_back_to_windows_1252_then_latin_1() -> None:
    assert decode(b"it\x92s") == "it\u2019s"
    assert decode(b"\x81") == "\x81"
    assert decode("µ".encode()) == "µ"
    assert decode("µ".encode("latin-1")) == "µ"


def test_listed_is_bounded() -> None:
    assert listed(["a", "b"]) == "'a', 'b'"
    text = listed(["x" * 1000] * 500)
    assert "500 in all" in text
    assert len(text) < 2000
