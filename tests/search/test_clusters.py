"""Clusters by embedding: those of the leader algorithm, written down naively."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, library
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molsearch.errors import UsageError
from molsearch.index.writer import build_index
from molsearch.search import clusters
from molsearch.search.clusters import cluster_index

N = 130


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clusters")
    prepared = library(folder / "p", N)
    return {
        rows: build_index(prepared, FakeEncoder(), folder / str(rows), shard_rows=rows)
        for rows in (50, 1000)
    }


def naive(vectors, at):
    leaders = []
    for row, vector in enumerate(vectors):
        if all(vector @ vectors[leader] < at for leader in leaders):
            leaders.append(row)
    return leaders


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.sampled_from([50, 1000]),
    block=st.sampled_from([1, 7, 64, 1024]),
    at=st.sampled_from([-0.5, 0.0, 0.31, 0.62, 0.9, 0.999]),
)
def test_leaders_and_members_are_those_of_the_naive_way(readers, rows, block, at):
    reader = readers[rows]
    vectors = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    vectors = vectors.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "_BLOCK", block)
        found = cluster_index(reader, at)
    assert found.leaders.tolist() == naive(vectors, at)
    near = vectors @ vectors[found.leaders].T
    np.testing.assert_allclose(found.similarity, near.max(axis=1), atol=1e-5)
    np.testing.assert_allclose(near[np.arange(N), found.cluster], near.max(axis=1), atol=1e-5)
    assert (found.similarity >= at - 1e-6).all()
    assert found.sizes.sum() == N
    assert (found.sizes > 0).all()


def test_equal_molecules_are_one_cluster_and_progress_goes_to_the_end(tmp_path):
    reader = build_index(library(tmp_path / "p", 40, seed=5), FakeEncoder(), tmp_path / "i")
    told = []
    found = cluster_index(reader, 0.999, lambda *given: told.append(given))
    assert found.leaders.tolist() == [0]
    assert found.sizes.tolist() == [40]
    assert told[-1] == (80, 0)


@pytest.mark.parametrize("at", [-1.0, 1.5, float("nan")])
def test_a_similarity_out_of_range_is_refused(readers, at):
    with pytest.raises(UsageError, match="between -1 and 1"):
        cluster_index(readers[50], at)


def test_too_many_clusters_are_refused_before_they_fill_the_memory(readers, monkeypatch):
    monkeypatch.setattr(clusters, "_MOST_LEADERS", 10)
    monkeypatch.setattr(clusters, "_BLOCK", 20)
    with pytest.raises(UsageError, match=r"more than 10 clusters .* lower one"):
        cluster_index(readers[50], 0.99)
