"""Queries moved towards their first hits."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import unit_rows

from molsearch.scoring.expansion import HITS, ONE_IN, n_hits, widened


@pytest.mark.parametrize(
    ("n", "due"), [(0, 0), (39, 0), (40, 1), (799, 19), (800, 20), (10**8, 20)]
)
def test_one_molecule_in_forty_at_most(n, due):
    assert n_hits(n) == due
    assert n_hits(n, 5) == min(due, 5)
    assert n_hits(n, 0) == 0
    assert n_hits(HITS * ONE_IN) == HITS


def test_each_query_and_the_mean_of_all_hits_weigh_the_same():
    queries, hits = unit_rows(3, seed=1).astype(np.float32), unit_rows(7, seed=2)
    found = widened(queries, hits.astype(np.float16))
    assert found.dtype == np.float32
    mean = sum(hits.astype(np.float16).astype(float)) / 7
    for query, one in zip(queries, found, strict=True):
        due = query.astype(float) + mean
        np.testing.assert_allclose(one, due / np.sqrt((due**2).sum()), atol=1e-6)


def test_without_hits_and_opposite_to_them_a_query_stays():
    queries = unit_rows(2, seed=3).astype(np.float32)
    assert widened(queries, np.empty((0, queries.shape[1]), np.float32)) is queries
    found = widened(queries, -queries[:1])
    np.testing.assert_array_equal(found[0], queries[0])
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-3)
