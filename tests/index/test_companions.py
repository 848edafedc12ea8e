"""Rows beside a shard's own: in parts until they are whole, and taken over by a new shard."""

from __future__ import annotations

import numpy as np
import pytest
from changes import compact, drop
from fakes import FakeEncoder, library

from molsearch.errors import UsageError
from molsearch.index import carried, companions
from molsearch.index.companions import Companion
from molsearch.index.merge import merge_indexes
from molsearch.index.reader import open_index
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index


def numbered(computed=None, stop_after=None, version="1"):
    """Keeps each molecule's record number, and what was computed now."""
    computed = [] if computed is None else computed

    def compute(table):
        if stop_after is not None and len(computed) >= stop_after:
            raise KeyboardInterrupt
        numbers = table.column("record_number").to_numpy()
        computed.append(len(numbers))
        return np.stack([numbers, numbers % 7], axis=1)

    return Companion("numbers", version, 2, "int32", ("record_number",), compute)


def values(reader, companion):
    return np.concatenate([one.rows(0, 10**6) for one in companions.companions(reader, companion)])


@pytest.fixture
def index(tmp_path, monkeypatch):
    monkeypatch.setattr(companions, "PART_ROWS", 16)
    monkeypatch.setattr(companions, "_ROWS_AT_ONCE", 8)
    build_index(library(tmp_path / "p", 250), FakeEncoder(), tmp_path / "i", shard_rows=100)
    return tmp_path / "i"


def due(reader):
    numbers = np.concatenate(
        [reader.records(i).read(["record_number"]).column(0) for i in range(reader.n_shards)]
    )
    return np.stack([numbers, numbers % 7], axis=1)


def test_a_killed_run_loses_one_part(index):
    reader = open_index(index)
    first = []
    with pytest.raises(KeyboardInterrupt):
        companions.companions(reader, numbered(first, stop_after=5))
    assert sum(first) == 40  # two parts of sixteen, and half of another
    again = []
    np.testing.assert_array_equal(values(open_index(index), numbered(again)), due(reader))
    assert sum(again) == 250 - 32
    assert list(index.rglob("*.parts")) == []
    assert verify_index(index).sound


def test_parts_that_a_kill_left_beside_the_whole_go(index):
    reader = open_index(index)
    companions.companions(reader, numbered())
    left = index / reader.manifest.shards[1].folder / "numbers.parts"
    left.mkdir()
    (left / "000000000.npy").touch()
    computed = []
    np.testing.assert_array_equal(values(open_index(index), numbered(computed)), due(reader))
    assert computed == []
    assert not left.exists()


def test_a_part_that_was_altered_is_made_again(index):
    with pytest.raises(KeyboardInterrupt):
        companions.companions(open_index(index), numbered(stop_after=5))
    part = next(index.rglob("numbers.parts/*.npy"))
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)
    reader = open_index(index)
    np.testing.assert_array_equal(values(reader, numbered()), due(reader))


def test_another_process_may_finish_first(index, monkeypatch):
    reader = open_index(index)
    write = companions._write

    def beaten(*given):
        write(*given)
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(companions, "_write", beaten)
    np.testing.assert_array_equal(values(reader, numbered()), due(reader))


def test_a_disk_that_refuses_is_one_line(index, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(companions, "_write", full)
    with pytest.raises(UsageError, match=r"lacks numbers.*No space left"):
        companions.companions(open_index(index), numbered())


@pytest.mark.parametrize("kind", ["drop", "compact", "merge"])
def test_new_shards_take_over_what_their_rows_had(index, tmp_path, kind):
    companions.companions(open_index(index), numbered())
    if kind == "drop":
        reader = drop(index, ["m00003", "m00150"])
    elif kind == "compact":
        drop(index, ["m00003"])
        reader = compact(index)
    else:
        other = build_index(library(tmp_path / "q", 60), FakeEncoder(), tmp_path / "j")
        companions.companions(other, numbered())
        reader = merge_indexes([index, other.path], tmp_path / "both")
    computed = []
    found = values(open_index(reader.path), numbered(computed))
    assert computed == []
    expected = due(reader)
    if kind == "merge":  # records are numbered on, their companions are what they were
        expected[250:, 0] -= 250
        expected[:, 1] = expected[:, 0] % 7
    np.testing.assert_array_equal(found, expected)
    assert verify_index(reader.path).sound


def test_a_shard_some_of_whose_rows_had_none_is_computed(index, tmp_path):
    companions.companions(open_index(index), numbered())
    other = build_index(library(tmp_path / "q", 60), FakeEncoder(), tmp_path / "j")
    merged = merge_indexes([index, other.path], tmp_path / "both")
    computed = []
    values(merged, numbered(computed))
    # Two shards are of the first index alone.
    assert merged.shard_rows == [100, 100, 100, 10]
    assert sum(computed) == 110


def test_what_is_damaged_is_not_taken_over(index):
    companions.companions(open_index(index), numbered())
    file = sorted(index.rglob("numbers.npy"))[0]
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    reader = drop(index, ["m00003"])
    computed = []
    np.testing.assert_array_equal(values(reader, numbered(computed)), due(reader))
    assert sum(computed) == 99


def test_of_another_version_is_computed_anew(index):
    companions.companions(open_index(index), numbered())
    reader = drop(index, ["m00003"])
    computed = []
    values(reader, numbered(computed, version="2"))
    assert sum(computed) == 249


def test_carrying_asks_for_every_row(index):
    reader = open_index(index)
    companions.companions(reader, numbered())
    # One row fewer than the shards have: nothing is said to be known of any.
    carried.carry_companions(index, reader.manifest.shards, [reader], np.arange(249))
    np.testing.assert_array_equal(values(reader, numbered()), due(reader))
