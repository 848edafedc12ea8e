"""Molecules drawn anew: parity with ranking every draw molecule by molecule."""

import numpy as np
import pytest

from molsearch.errors import InputError
from molsearch.metrics.enrichment import evaluate
from molsearch.metrics.redrawn import METRICS, _condensed, molecule_bounds


def screen(seed, n_actives=20, n_inactives=300, decimals=1):
    generator = np.random.default_rng(seed)
    labels = np.r_[np.ones(n_actives, bool), np.zeros(n_inactives, bool)]
    scores = np.round(generator.normal(size=labels.size) + 1.0 * labels, decimals)
    return scores, labels


def naive(scores, labels, n_draws=2000, seed=1):
    """Draw molecules one by one and rank the list that comes of it."""
    generator = np.random.default_rng(seed)
    rows = [np.flatnonzero(labels), np.flatnonzero(~labels)]
    found = []
    for _ in range(n_draws):
        drawn = np.concatenate([generator.choice(part, part.size) for part in rows])
        evaluation = evaluate(scores[drawn], labels[drawn])
        found.append([evaluation[name] for name in METRICS])
    return np.quantile(found, [0.025, 0.975], axis=0).T


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_bounds_are_those_of_drawing_molecule_by_molecule(decimals):
    scores, labels = screen(3, decimals=decimals)
    found = molecule_bounds([(scores, np.ones_like(labels))], labels, n_draws=2000)
    expected = naive(scores, labels)
    value = evaluate(scores, labels)
    for name, (low, high) in zip(METRICS, expected, strict=True):
        width = high - low
        assert found[name] == pytest.approx((low, high), abs=0.12 * width), name
        assert found[name][0] < value[name] < found[name][1]


def test_condensing_keeps_every_metric():
    scores, labels = screen(5, decimals=0)
    place, inactives = _condensed(scores, labels)
    assert inactives.sum() == (~labels).sum()
    rebuilt = np.r_[-place, np.repeat(-np.arange(inactives.size), inactives)].astype(float)
    again = np.r_[np.ones(place.size, bool), np.zeros(int(inactives.sum()), bool)]
    first, second = evaluate(scores, labels), evaluate(rebuilt, again)
    for name in METRICS:
        assert first[name] == pytest.approx(second[name]), name


def test_queries_that_rank_alike_are_no_more_certain_than_one():
    scores, labels = screen(7, decimals=6)
    kept = np.ones_like(labels)
    one = molecule_bounds([(scores, kept)], labels, n_draws=1000)
    five = molecule_bounds([(scores, kept)] * 5, labels, n_draws=1000)
    spread = [high - low for low, high in (one["auroc"], five["auroc"])]
    assert spread[1] > 0.8 * spread[0]


def test_what_is_not_ranked_has_no_part():
    scores, labels = screen(9)
    kept = np.ones_like(labels)
    kept[:5] = False
    unusual = scores.copy()
    unusual[:5] = 100.0
    assert molecule_bounds([(scores, kept)], labels) == molecule_bounds([(unusual, kept)], labels)


@pytest.mark.parametrize("labels", [[True, False, False], [True, True, False], [False] * 3, []])
def test_too_few_to_draw_from(labels):
    mask = np.array(labels, bool)
    assert molecule_bounds([(np.zeros(mask.size), np.ones_like(mask))], mask) == {}


def test_perfect_ranking_has_no_spread():
    labels = np.r_[np.ones(10, bool), np.zeros(500, bool)]
    found = molecule_bounds([(labels.astype(float), np.ones_like(labels))], labels)
    assert found["auroc"] == (1.0, 1.0)
    assert found["bedroc_80p5"] == pytest.approx((1.0, 1.0))


def test_refuses_what_does_not_fit():
    labels = np.array([True, True, False, False])
    with pytest.raises(InputError, match="one length"):
        molecule_bounds([(np.zeros(3), np.ones(4, bool))], labels)
    with pytest.raises(InputError, match="NaN"):
        molecule_bounds([(np.array([1.0, np.nan, 0, 0]), np.ones(4, bool))], labels)
