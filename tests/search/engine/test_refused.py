"""What cannot be searched is refused, and damage is said to be damage."""

from __future__ import annotations

import numpy as np
import pytest
from brute import made, queries_of

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.reader import IndexReader
from molsearch.index.vectors import codec
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import search


def test_no_hits_wanted_or_other_dimensions_are_refused(readers):
    with pytest.raises(UsageError, match="at least 1"):
        search(readers[128], queries_of(0, 1, 1), 0)
    with pytest.raises(UsageError, match="dimensions"):
        search(readers[128], QuerySet(np.ones((1, 8), np.float32), np.array([0])), 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_query_that_is_not_finite_is_refused(bad):
    vectors = np.ones((2, 4), np.float32)
    vectors[1, 2] = bad
    with pytest.raises(ValueError, match="not finite"):
        QuerySet(vectors, np.array([0, 0]))


@pytest.mark.parametrize("groups", [[], [0, 2], [1, 1], [0]])
def test_groups_must_name_every_query(groups):
    with pytest.raises(ValueError, match=r"conformer"):
        QuerySet(np.ones((2, 4), np.float32), np.array(groups, dtype=np.int64))


def test_a_nan_in_a_shard_is_corruption_not_a_missing_hit(tmp_path, monkeypatch):
    monkeypatch.setattr(codec, "LEAST_ROWS", 10**9)
    reader = made(tmp_path, 300)
    path = next((tmp_path / "i").rglob("shard-00001/embeddings.npy"))
    array = np.load(path)
    array[50, 3] = np.nan
    np.save(path, array)
    monkeypatch.setattr(IndexReader, "_block_sums", lambda *_: None)  # as in an older index
    with pytest.raises(IndexCorruptError, match=r"not finite; run: molsearch verify"):
        search(reader, queries_of(0, 1, 1), 5)
