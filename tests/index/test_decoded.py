"""Columns stay decoded once they were read as often as a whole file, within a limit."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molsearch.index import decoded
from molsearch.index.decoded import Decoded
from molsearch.index.record_file import RecordFile
from molsearch.index.records import rows_of

ROWS, GROUP = 1000, 100


@pytest.fixture
def room(monkeypatch) -> Decoded:
    room = Decoded(limit=8 * 10**6)
    monkeypatch.setattr(decoded, "EVERYWHERE", room)
    return room


@pytest.fixture
def file(room, tmp_path: Path) -> RecordFile:
    table = pa.table({"n": np.arange(ROWS), "text": [f"m{i}" for i in range(ROWS)]})
    pq.write_table(table, tmp_path / "r.parquet", row_group_size=GROUP)
    return RecordFile(tmp_path / "r.parquet", ROWS, None)


def spied(file: RecordFile, monkeypatch) -> list[int]:
    """How many row groups each read of the file decodes."""
    sizes: list[int] = []
    plain = file.read_groups

    def read(groups, columns):
        sizes.append(len(list(groups)))
        return plain(groups, columns)

    monkeypatch.setattr(file, "read_groups", read)
    return sizes


@pytest.mark.parametrize("columns", [["n"], ["text", "n"]])
def test_rows_are_the_same_before_and_after_and_are_decoded_no_more(file, monkeypatch, columns):
    decodings = spied(file, monkeypatch)
    rng = np.random.default_rng(0)
    for _ in range(8):
        rows = np.sort(rng.choice(ROWS, 30, replace=False))
        found = rows_of(file, rows, columns)
        assert found.column_names == columns
        assert found.column("n").to_pylist() == rows.tolist()
        if "text" in columns:
            assert found.column("text").to_pylist() == [f"m{row}" for row in rows]
    # A few scattered reads, one of all ten groups, then none.
    assert decodings[-1] == ROWS // GROUP
    assert len(decodings) <= 3


def test_one_look_at_few_rows_decodes_few(file, room, monkeypatch):
    decodings = spied(file, monkeypatch)
    rows_of(file, np.array([5]), ["n"])
    assert decodings == [1]
    assert room.n_bytes == 0


def test_what_was_used_longest_ago_goes(room):
    column = pa.chunked_array([np.arange(125_000)])  # a million bytes, an eighth of the room
    for number in range(9):
        room.keep(number, "n", column)
        room.find(0, "n")
    assert room.find(0, "n") is not None
    assert room.find(1, "n") is None
    assert room.find(8, "n") is not None
    assert room.n_bytes == 8 * column.nbytes
    room.keep(99, "n", pa.chunked_array([np.arange(125_001)]))  # it would push too much out
    assert room.find(99, "n") is None
    assert room.n_bytes == 8 * column.nbytes


def test_a_column_without_room_is_never_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(decoded, "EVERYWHERE", Decoded(limit=1000))
    table = pa.table({"n": np.arange(ROWS)})
    pq.write_table(table, tmp_path / "r.parquet", row_group_size=GROUP)
    file = RecordFile(tmp_path / "r.parquet", ROWS, None)
    decodings = spied(file, monkeypatch)
    for _ in range(30):
        found = rows_of(file, np.array([5, 77]), ["n"])
        assert found.column("n").to_pylist() == [5, 77]
    assert decodings == [1] * 30


def test_a_file_that_is_closed_leaves_no_columns(file, room, tmp_path):
    other = RecordFile(file.path, ROWS, None)
    for _ in range(3):
        rows_of(other, np.arange(0, ROWS, 7), ["n"])
    assert room.n_bytes > 0
    del other
    gc.collect()
    assert room.n_bytes == 0
