"""Clusters: those of the leader algorithm and of farthest-first, written down naively."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, library
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.errors import UsageError
from molsearch.index.writer import build_index
from molsearch.search import clusters, points
from molsearch.search.clusters import cluster_at, cluster_into
from molsearch.search.points import Cosine, Held, Points, Tanimoto

N = 130
CHECK = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clusters")
    prepared = library(folder / "p", N)
    return {
        rows: build_index(prepared, FakeEncoder(), folder / str(rows), shard_rows=rows)
        for rows in (50, 1000)
    }


@pytest.fixture(scope="module")
def spaces(readers):
    """Points of every kind, and all their similarities."""
    reader = readers[50]
    vectors = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    vectors = vectors.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = (vectors @ vectors.T).astype(np.float64)
    # Few bits, so that similarities repeat; some are copies, some are empty.
    rng = np.random.default_rng(4)
    prints = np.zeros((N, 256), np.uint8)
    prints[:, :4] = rng.integers(0, 4, (N, 4))
    prints[100:110] = prints[0]
    prints[120:123] = 0
    alike = tanimoto_matrix(prints, prints)
    stored = tanimoto_matrix(all_prints(reader), all_prints(reader))
    return {
        "embeddings in shards": (Points.embeddings(reader), cosines),
        "embeddings": (Points.embeddings(readers[1000]), cosines),
        "hits": (Points([Held(vectors)], Cosine()), cosines),
        "fingerprints in shards": (Points.fingerprints(reader), stored),
        "fingerprints": (Points([Held(prints)], Tanimoto()), alike),
    }


def all_prints(reader):
    return np.concatenate([reader.fingerprints(i) for i in range(reader.n_shards)])


def naive_leaders(alike, at):
    leaders = []
    for row in range(len(alike)):
        if all(alike[row, leader] < at for leader in leaders):
            leaders.append(row)
    return leaders


def is_sound(found, alike):
    """Whether everything is with the leader most like it, and leaders with themselves."""
    near = alike[:, found.leaders]
    others = np.setdiff1d(np.arange(len(alike)), found.leaders)
    np.testing.assert_allclose(found.similarity[others], near[others].max(axis=1), atol=1e-5)
    mine = near[others, found.cluster[others]]
    np.testing.assert_allclose(mine, near[others].max(axis=1), atol=1e-5)
    assert found.cluster[found.leaders].tolist() == list(range(len(found.leaders)))
    assert (found.similarity[found.leaders] == 1).all()
    assert found.sizes.sum() == len(alike)
    assert (found.sizes > 0).all()


KINDS = st.sampled_from(
    ["embeddings in shards", "embeddings", "hits", "fingerprints in shards", "fingerprints"]
)


@CHECK
@given(
    kind=KINDS,
    block=st.sampled_from([1, 7, 64, 1024]),
    leaders_at_once=st.sampled_from([1, 5, 1024]),
    at=st.sampled_from([0.1, 0.2, 0.4, 0.5, 0.62, 0.75, 0.9, 1.0]),
)
def test_leaders_and_members_are_those_of_the_naive_way(spaces, kind, block, leaders_at_once, at):
    some, alike = spaces[kind]
    if "fingerprints" not in kind and at == 1.0:
        at = 0.999  # float32 puts no vector at 1 from itself
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(points, "BLOCK", block)
        patch.setattr(clusters, "_AT_ONCE", leaders_at_once)
        found = cluster_at(some, at)
    assert found.leaders.tolist() == naive_leaders(alike, at)
    is_sound(found, alike)
    assert (found.similarity >= at - 1e-5).all()


@CHECK
@given(kind=KINDS, block=st.sampled_from([1, 7, 1024]), n=st.integers(1, N + 3))
def test_so_many_clusters_have_leaders_as_far_apart_as_can_be(spaces, kind, block, n):
    some, alike = spaces[kind]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(points, "BLOCK", block)
        found = cluster_into(some, n)
    is_sound(found, alike)
    assert found.leaders[0] == 0
    for place in range(1, len(found.leaders)):
        nearest = alike[:, found.leaders[:place]].max(axis=1)
        nearest[found.leaders[:place]] = 2
        assert nearest[found.leaders[place]] <= nearest.min() + 1e-6
    if len(found.leaders) < n:  # only where the others are copies
        left = np.setdiff1d(np.arange(N), found.leaders)
        assert (alike[left][:, found.leaders].max(axis=1, initial=0) > 1 - 1e-5).all()


def test_equal_molecules_are_one_cluster_and_progress_goes_to_the_end(tmp_path):
    reader = build_index(library(tmp_path / "p", 40, seed=5), FakeEncoder(), tmp_path / "i")
    told, into = [], []
    found = cluster_at(Points.embeddings(reader), 0.999, lambda *given: told.append(given))
    assert found.leaders.tolist() == [0]
    assert found.sizes.tolist() == [40]
    # In molecules, whose second comparison is the other half of the work.
    assert told == [(20, 0), (40, 0)]
    found = cluster_into(Points.embeddings(reader), 7, lambda *given: into.append(given))
    assert found.leaders.tolist() == [0]
    assert into == [(5, 0), (40, 0)]


@pytest.mark.parametrize("at", [-1.0, 1.5, float("nan")])
def test_a_similarity_out_of_range_is_refused(readers, at):
    with pytest.raises(UsageError, match="between -1 and 1"):
        cluster_at(Points.embeddings(readers[50]), at)


def test_too_many_clusters_are_refused_before_they_fill_the_memory(readers, monkeypatch):
    monkeypatch.setattr(clusters, "_MOST_LEADERS", 10)
    monkeypatch.setattr(points, "BLOCK", 20)
    with pytest.raises(UsageError, match=r"more than 10 clusters .* lower one"):
        cluster_at(Points.embeddings(readers[50]), 0.99)
