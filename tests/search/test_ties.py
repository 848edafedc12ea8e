"""Rows of equal score stand by id, whatever the index has gone through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from changes import add, compact, drop
from fakes import FakeEncoder, molecule, prepared_set
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch import schema
from molsearch.index.layout import RANKS
from molsearch.index.manifest import Manifest, commit
from molsearch.index.merge import merge_indexes
from molsearch.index.models import read_model
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.writer import build_index
from molsearch.search.ties import in_order

# Bytes of UTF-8 order them: capitals, digits within words, letters beyond ASCII, one often.
NAMES = ["b", "a", "B", "a1", "a10", "a2", "é", "z", "分", "", "\U0001f9ea", "\uffff", "b", "b"]


def named(folder: Path, n: int, seed: int, rows: int = 40) -> Path:
    rng = np.random.default_rng(seed)
    given = [
        molecule(i + 1, molecule_id=NAMES[rng.integers(len(NAMES))] or f"m{i}") for i in range(n)
    ]
    build_index(prepared_set(folder / "p", given), FakeEncoder(), folder / "i", shard_rows=rows)
    return folder / "i"


def without_ranks(path: Path, shards: set[int]) -> Path:
    """Make shards those of an earlier version."""
    manifest = read_model(path / "manifest.json", Manifest)
    entries = [
        entry.model_copy(
            update={
                "files": {
                    name: file
                    for name, file in entry.files.items()
                    if name != RANKS or number not in shards
                }
            }
        )
        for number, entry in enumerate(manifest.shards)
    ]
    commit(path, manifest.model_copy(update={"shards": tuple(entries)}))
    return path


def more(folder: Path) -> object:
    return prepared_set(
        folder, [molecule(i, seed=i + 900, molecule_id=NAMES[i % 14] or "x") for i in range(1, 60)]
    )


@pytest.fixture(scope="module")
def readers(tmp_path_factory) -> dict[str, IndexReader]:
    folder = tmp_path_factory.mktemp("ties")
    found = {
        "one shard": open_index(named(folder / "0", 120, 0, rows=1000)),
        "several": open_index(named(folder / "1", 120, 0)),
        "old": open_index(without_ranks(named(folder / "2", 120, 1), {0, 1, 2})),
        "grown from old": add(
            without_ranks(named(folder / "3", 90, 2), {0, 1, 2}), more(folder / "m")
        ),
        "in part old": open_index(without_ranks(named(folder / "4", 120, 3), {1})),
        "dropped": drop(named(folder / "5", 120, 4), ["a", "z"]),
        "compact": compact(
            drop(add(named(folder / "6", 90, 5), more(folder / "n")).path, ["b"]).path
        ),
        "merged": merge_indexes(
            [named(folder / "7", 60, 6), without_ranks(named(folder / "8", 70, 7), {0})],
            folder / "merged",
        ),
    }  # fmt: skip
    assert {path for path in found if not has_ranks(found[path])} == {"old", "in part old",
                                                                    "grown from old"}  # fmt: skip
    return found


def has_ranks(reader: IndexReader) -> bool:
    return all(reader.ranks(shard) is not None for shard in range(reader.n_shards))


def located(reader: IndexReader, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    starts = np.concatenate([[0], np.cumsum(reader.shard_rows)])
    shards = np.searchsorted(starts, rows, side="right") - 1
    return shards, rows - starts[shards]


def naive(reader: IndexReader, rows: np.ndarray, scores: np.ndarray) -> list[int]:
    table = reader.take(*located(reader, rows), [schema.MOLECULE_ID, schema.RECORD_NUMBER])
    records = table.to_pylist()
    keys = [
        (-score, record["molecule_id"].encode(), record["record_number"])
        for score, record in zip(scores, records, strict=True)
    ]
    return sorted(range(len(rows)), key=keys.__getitem__)


@settings(max_examples=150, deadline=None)
@given(
    which=st.sampled_from(["one shard", "several", "old", "grown from old", "in part old",
                           "dropped", "compact", "merged"]),
    seed=st.integers(0, 2**16),
    n_rows=st.integers(0, 130),
    n_scores=st.integers(1, 40),
    n=st.integers(0, 140),
)  # fmt: skip
def test_the_order_is_that_of_score_id_and_record(readers, which, seed, n_rows, n_scores, n):
    reader, rng = readers[which], np.random.default_rng(seed)
    rows = rng.permutation(reader.n_rows)[:n_rows]
    values = np.array([0.0, -0.0, np.inf, -np.inf, *rng.normal(size=36)])
    scores = values[rng.integers(0, n_scores, len(rows))]
    found = in_order(reader, *located(reader, rows), scores, n)
    assert found.tolist() == naive(reader, rows, scores)[:n]


def test_a_shard_of_copies_is_ordered_without_a_record(readers, monkeypatch):
    reader = readers["one shard"]
    rows = np.arange(reader.n_rows)
    due = naive(reader, rows, np.zeros(len(rows)))
    monkeypatch.setattr(IndexReader, "take", lambda *_: pytest.fail("records were read"))
    assert in_order(reader, *located(reader, rows), np.zeros(len(rows)), 50).tolist() == due[:50]


def test_of_shards_of_copies_only_those_records_are_read_that_may_be_needed(readers, monkeypatch):
    reader = readers["several"]
    rows = np.arange(reader.n_rows)
    scores = np.where(rows < 30, 1.0, 0.5)  # thirty of the first shard, then copies in all three
    due = naive(reader, rows, scores)
    read = []
    take = IndexReader.take

    def counted(self, shards, places, columns=None):
        read.extend(shards.tolist())
        return take(self, shards, places, columns)

    monkeypatch.setattr(IndexReader, "take", counted)
    assert in_order(reader, *located(reader, rows), scores, 35).tolist() == due[:35]
    # Five are left to find: no more than five of any shard, and none of the thirty.
    assert sorted(read) == [0] * 5 + [1] * 5 + [2] * 5
