"""Percentiles and the warning of unknown chemistry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from molsearch.scoring.blend import Blend, Likeness
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.search.background import Background, warnings_of
from molsearch.search.engine import Candidates


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def candidates(query, scores):
    """Rows with a cosine for their own query and a lower one for the other."""
    cosines = np.full((len(scores), 2), -9.0)
    cosines[np.arange(len(scores)), query] = scores
    none = np.zeros(len(scores), np.int64)
    return Candidates(none, none, scores, cosines, *2 * [np.empty((len(scores), 0))])


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
    found = Background(vectors, queries).percentiles(query, candidates(query, scores))
    np.testing.assert_allclose(found, due, atol=1e-9)
    assert found[2:].tolist() == [0.0, 100.0]


def test_percentiles_of_a_blend_are_those_of_what_ranks(setting):
    vectors, queries = setting
    rng = np.random.default_rng(1)
    packed = np.packbits(rng.random((1000, 2048)) < 0.1, axis=1)
    blend = Blend(1.0, "top2", Likeness(packed[:2], 2.0))
    background = Background(vectors, queries, blend, packed)
    assert background.is_of_score
    products = vectors.astype(float) @ queries.vectors.astype(float).T
    own = np.stack([products[:, :2].mean(axis=1), products[:, 2]], axis=1)
    bits = np.unpackbits(packed, axis=1).astype(bool)
    similar = np.stack([(bits & q).sum(1) / (bits | q).sum(1) for q in bits[:2]], axis=1)
    random = own.mean(axis=1) + 2 * similar.max(axis=1)
    scores = np.array([0.1, 0.5, 3.0])
    found = background.percentiles(np.zeros(3, np.int64), candidates(np.zeros(3, np.int64), scores))
    np.testing.assert_allclose(found, [100 * (random < s).mean() for s in scores], atol=1e-9)
    # An encoder that brings no fingerprints leaves the cosine to speak for the score.
    older = Background(vectors, queries, blend, None)
    query = np.array([0, 1, 1])
    found = older.percentiles(query, candidates(query, scores))
    due = [100 * (own[:, q] < s).mean() for q, s in zip(query, scores, strict=True)]
    np.testing.assert_allclose(found, due, atol=1e-9)
    assert not older.is_of_score


@pytest.mark.parametrize("blend", [Blend(), Blend(2.0)])
def test_what_known_inactives_take_off_is_taken_off_random_molecules_too(setting, blend):
    vectors, queries = setting
    away = unit(np.random.default_rng(2).standard_normal((2, 8))).astype(np.float32)
    against = Against(QuerySet(away, np.array([0, 1])), 0.5)
    background = Background(vectors, queries, blend, None, against)
    assert background.is_of_score
    products = vectors.astype(float) @ queries.vectors.astype(float).T
    own = np.stack([products[:, :2].mean(axis=1), products[:, 2]], axis=1)
    near = (vectors.astype(float) @ away.astype(float).T).max(axis=1)
    random = blend.embedding * own.max(axis=1) - 0.5 * near
    scores = np.array([-0.1, 0.2, 0.4])
    found = background.percentiles(np.zeros(3, np.int64), candidates(np.zeros(3, np.int64), scores))
    np.testing.assert_allclose(found, [100 * (random < s).mean() for s in scores], atol=1e-9)
    assert 0 < found[0] < found[2] < 100


@pytest.mark.parametrize("vectors", [None, np.empty((0, 8), np.float16)])
def test_without_background_percentiles_are_missing_and_nothing_is_warned_of(setting, vectors):
    background = Background(vectors, setting[1])
    query = np.array([0, 1])
    found = background.percentiles(query, candidates(query, np.array([0.1, 0.2])))
    assert np.isnan(found).all()
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
    card = {"applicability": {"neighbours": 10, "quantile_05": 5.0}}
    assert len(warnings_of(background, card, ["first", "second"])) == 2


def test_many_queries_far_from_the_training_chemistry_are_one_line(setting):
    vectors, queries = setting
    many = replace(queries, vectors=queries.vectors[np.zeros(5, int)], groups=np.arange(5))
    card = {"applicability": {"neighbours": 10, "quantile_05": 5.0}}
    (line,) = warnings_of(Background(vectors, many), card, list("abcde"))
    assert line.startswith("5 queries lie far from the training chemistry (mean similarity to the")
    assert "'a' " in line
    assert "; 2 more)" in line
