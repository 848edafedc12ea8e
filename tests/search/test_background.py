"""Percentiles and the warning of unknown chemistry."""

from __future__ import annotations

import numpy as np
import pytest

from molsearch.search.background import Background, warnings_of
from molsearch.search.fusion import QuerySet


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def setting():
    rng = np.random.default_rng(0)
    vectors = unit(rng.standard_normal((1000, 8))).astype(np.float16)
    queries = QuerySet(unit(rng.standard_normal((3, 8))).astype(np.float32), np.array([0, 0, 1]))
    return vectors, queries


def test_percentiles_count_the_background_below(setting):
    vectors, queries = setting
    products = vectors.astype(float) @ queries.vectors.astype(float).T
    own = np.stack([products[:, :2].mean(axis=1), products[:, 2]], axis=1)
    query = np.array([0, 1, 1, 0])
    scores = np.array([0.1, 0.5, -2.0, 2.0])
    due = [100 * (own[:, q] < s).mean() for q, s in zip(query, scores, strict=True)]
    found = Background(vectors, queries).percentiles(query, scores)
    np.testing.assert_allclose(found, due, atol=1e-9)
    assert found[2:].tolist() == [0.0, 100.0]


@pytest.mark.parametrize("vectors", [None, np.empty((0, 8), np.float16)])
def test_without_background_percentiles_are_missing_and_nothing_is_warned_of(setting, vectors):
    background = Background(vectors, setting[1])
    assert np.isnan(background.percentiles(np.array([0, 1]), np.array([0.1, 0.2]))).all()
    card = {"applicability": {"neighbours": 10, "quantile_05": 5.0}}
    assert warnings_of(background, card, ["a", "b"]) == []


def test_only_queries_far_from_the_training_chemistry_are_named(setting):
    vectors, queries = setting
    background = Background(vectors, queries)
    products = np.sort(vectors.astype(float) @ queries.vectors[2].astype(float))
    assert background.nearness(1, 10) == pytest.approx(products[-10:].mean())
    least = background.nearness(1, 10) + 1e-6
    card = {"applicability": {"neighbours": 10, "quantile_05": least}}
    near = background.nearness(0, 10) >= least
    warned = warnings_of(background, card, ["first", "second"])
    assert len(warned) == (1 if near else 2)
    assert "query 'second' lies far from the training chemistry" in warned[-1]
    assert warnings_of(background, {}, ["first", "second"]) == []
