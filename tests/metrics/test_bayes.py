from __future__ import annotations

import numpy as np
import pytest

from molsearch.errors import InputError
from molsearch.metrics.bayes import ef_bayes, ef_bayes_max


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
    assert ef_bayes_max(actives, background) == pytest.approx(max(ratios))


def test_edges():
    assert ef_bayes(np.ones(5), np.ones(100), 0.01) == 1.0
    assert ef_bayes(np.full(5, 2.0), np.arange(100) / 100, 0.01) == pytest.approx(100.0)
    assert np.isnan(ef_bayes([], [1.0], 0.01))
    assert np.isnan(ef_bayes_max([1.0], []))
    with pytest.raises(InputError, match="NaN"):
        ef_bayes([np.nan], [1.0], 0.1)
