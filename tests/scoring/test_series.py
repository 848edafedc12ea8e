"""The series model: which way it points, what it is made of, and how many of a group matter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from molsearch.metrics.regression import logistic
from molsearch.scoring.series import PENALTY, SeriesModel, series_of


def _unit(rng, n, centre):
    found = rng.standard_normal((n, 6)) * 0.3 + centre
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_it_points_from_the_inactives_to_the_queries() -> None:
    rng = np.random.default_rng(0)
    queries, inactives = _unit(rng, 5, np.eye(6)[0]), _unit(rng, 9, np.eye(6)[1])
    random = _unit(rng, 200, 0.0)
    direction = series_of(queries, inactives, random)
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    means = [(group @ direction).mean() for group in (queries, random, inactives)]
    assert means[0] > means[1] > means[2]
    # Without inactives it is no further from where they stand than from elsewhere.
    alone = series_of(queries, inactives[:0], random)
    assert (inactives @ alone).mean() > (inactives @ direction).mean()


def test_a_group_weighs_the_same_however_large() -> None:
    rng = np.random.default_rng(1)
    queries, inactives = _unit(rng, 4, np.eye(6)[0]), _unit(rng, 3, np.eye(6)[1])
    random = _unit(rng, 50, 0.0)
    once = series_of(queries, inactives, random)
    np.testing.assert_allclose(series_of(queries, np.tile(inactives, (7, 1)), random), once)


def test_weights_of_rows_are_those_of_the_sum() -> None:
    rng = np.random.default_rng(2)
    design = np.column_stack([np.ones(80), rng.standard_normal((80, 2))])
    labels, weights = rng.random(80) < 0.3, rng.uniform(0, 3, 80)

    def loss(x):
        odds = design @ x
        fit = weights @ (np.logaddexp(0, odds) - labels * odds)
        return fit + 0.5 * PENALTY * (x[1:] ** 2).sum()

    due = minimize(loss, np.zeros(3), tol=1e-12).x
    found = logistic(design, labels, PENALTY, weights=weights)
    np.testing.assert_allclose(found, due, atol=1e-3)


@pytest.mark.parametrize("far", [0.05, 1.0, 40.0])
def test_another_query_in_the_place_of_one_is_a_fit_of_its_own(far) -> None:
    rng = np.random.default_rng(3)
    queries, inactives = _unit(rng, 4, np.eye(6)[0]), _unit(rng, 3, np.eye(6)[1])
    random = _unit(rng, 90, 0.0)
    # The last is so far that steps by the curvature of the fit as it is do not lead there.
    changed = queries[2] + far * rng.standard_normal((5, 6))
    found = SeriesModel(queries, inactives, random).with_query(2, changed)
    for row, vector in zip(found, changed, strict=True):
        others = queries.copy()
        others[2] = vector
        np.testing.assert_allclose(row, series_of(others, inactives, random), atol=2e-6)
    assert found.shape == (5, 6)
    assert np.abs(found - series_of(queries, inactives, random)).max() > 1e-3
