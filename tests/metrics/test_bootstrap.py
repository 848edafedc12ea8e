from __future__ import annotations

import numpy as np
import pytest

from molsearch.errors import InputError
from molsearch.metrics.bootstrap import draws, interval, paired


def test_draws_are_resamples():
    weights = draws(7, seed=3, n_draws=500)
    assert weights.shape == (500, 7)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert abs(weights.mean() - 1 / 7) < 1e-12


def test_interval_matches_a_loop_of_resamples():
    rng = np.random.default_rng(0)
    values = rng.gamma(2.0, 1.0, 40)
    found = interval(values, seed=1)
    means = [rng.choice(values, values.size).mean() for _ in range(10_000)]
    assert found.mean == pytest.approx(values.mean())
    np.testing.assert_allclose(
        [found.low, found.high], np.quantile(means, [0.025, 0.975]), atol=0.03
    )
    assert found == interval(values, seed=1)
    assert found != interval(values, seed=2)


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    hits = 0
    for seed in range(200):
        found = interval(rng.normal(1.0, 1.0, 40), seed=seed, n_draws=500)
        hits += found.low <= 1.0 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_paired_is_narrower_than_unpaired():
    rng = np.random.default_rng(1)
    easy = rng.random(50)
    first, second = easy + 0.05 + rng.normal(0, 0.01, 50), easy
    found = paired(first, second)
    assert found.difference.low > 0.03
    assert found.difference.high < 0.07
    assert found.wins + found.losses == 50
    assert found.p_not_better == 0.0
    assert interval(first).low < interval(second).high
    assert found.ratio.low < found.ratio.mean < found.ratio.high


def test_missing_targets_leave_both_methods():
    found = paired([1.0, np.nan, 3.0, 4.0], [0.0, 5.0, np.nan, 4.0])
    assert found.difference.n == 2
    assert found.difference.mean == pytest.approx(0.5)
    assert (found.wins, found.losses) == (1, 0)
    assert interval([np.nan]).n == 0
    assert np.isnan(interval([np.nan]).mean)
    assert np.isnan(paired([np.nan], [1.0]).p_not_better)
    with pytest.raises(InputError, match="same targets"):
        paired([1.0], [1.0, 2.0])


def test_one_target_says_nothing_of_others():
    found = interval([np.nan, 0.4])
    assert (found.mean, found.n) == (0.4, 1)
    assert np.isnan([found.low, found.high]).all()
    pair = paired([0.6, np.nan], [0.4, 0.1])
    assert pair.ratio.mean == pytest.approx(1.5)
    assert pair.difference.mean == pytest.approx(0.2)
    assert (pair.wins, pair.losses) == (1, 0)
    assert np.isnan([pair.ratio.low, pair.ratio.high, pair.p_not_better]).all()
    assert np.isnan(paired([0.6], [0.0]).ratio.mean)
