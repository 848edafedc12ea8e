from __future__ import annotations

import numpy as np
import pytest

from molsearch.errors import InputError
from molsearch.metrics.bayes import ef_bayes, ef_bayes_draws, ef_bayes_max


def naive(actives, background, fraction):
    top = int(np.ceil(len(background) * fraction - 1e-9))
    threshold = np.sort(background)[::-1][max(top, 1) - 1]
    return (actives >= threshold).mean() / (background >= threshold).mean()


@pytest.mark.parametrize("levels", [3, 50, 10**6])
def test_equals_the_definition(levels):
    rng = np.random.default_rng(levels)
    background = rng.integers(0, levels, 2000).astype(float)
    actives = rng.integers(levels // 2, levels, 60).astype(float)
    for fraction in (0.0005, 0.005, 0.01, 0.1, 1.0):
        assert ef_bayes(actives, background, fraction) == pytest.approx(
            naive(actives, background, fraction)
        )
    thresholds = np.unique(np.r_[background, actives])
    thresholds = thresholds[thresholds <= background.max()]
    ratios = [(actives >= t).mean() / (background >= t).mean() for t in thresholds]
    best, share = ef_bayes_max(actives, background)
    assert best == pytest.approx(max(ratios))
    there = [t for t in thresholds if (background >= t).mean() == pytest.approx(share)]
    assert max((actives >= t).mean() for t in there) / share == pytest.approx(best)


def test_edges():
    assert ef_bayes(np.ones(5), np.ones(100), 0.01) == 1.0
    assert ef_bayes(np.full(5, 2.0), np.arange(100) / 100, 0.01) == pytest.approx(100.0)
    assert np.isnan(ef_bayes([], [1.0], 0.01))
    assert np.isnan(ef_bayes_max([1.0], [])).all()
    with pytest.raises(InputError, match="NaN"):
        ef_bayes([np.nan], [1.0], 0.1)


@pytest.mark.parametrize("levels", [4, 10**6])
def test_draws_are_what_drawing_one_by_one_gives(levels):
    generator = np.random.default_rng(3)
    background = generator.integers(0, levels, 400).astype(float)
    actives = generator.integers(levels // 2, levels, 25).astype(float)
    found = ef_bayes_draws(actives, background, (0.01, 0.1), seed=1, n_draws=60)
    again = np.random.default_rng(1)
    picked = []
    for start in (0, 50):  # drawn in blocks, the actives of a block first
        size = min(50, 60 - start)
        one = again.integers(0, 25, (size, 25))
        other = again.integers(0, 400, (size, 400))
        picked += list(zip(one, other, strict=True))
    expected = [
        [naive(actives[a], background[b], x) for x in (0.01, 0.1)]
        + [ef_bayes_max(actives[a], background[b])[0]]
        for a, b in picked
    ]
    np.testing.assert_allclose(found, expected)
    assert found[:, 2].std() > 0


def test_draws_of_nothing_and_of_nan():
    assert np.isnan(ef_bayes_draws([], [1.0], (0.1,), n_draws=3)).all()
    with pytest.raises(InputError, match="NaN"):
        ef_bayes_draws([np.nan], [1.0], (0.1,))
