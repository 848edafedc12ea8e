from __future__ import annotations

import numpy as np
import pytest

from molsearch.metrics import bias
from molsearch.metrics.bias import ave_bias, nearness, property_auroc
from molsearch.metrics.ranking import rank


def naive_nearness(nearest):
    total = 0.0
    for step in range(101):
        total += sum(round(1 - s, 9) <= step / 100 for s in nearest) / len(nearest)
    return total / 101


def test_nearness_equals_the_definition():
    values = np.random.default_rng(0).random(200).round(3)
    assert nearness(values) == pytest.approx(naive_nearness(values), abs=1e-12)
    assert nearness([1.0, 1.0]) == 1.0
    assert nearness([0.0]) == pytest.approx(1 / 101)
    assert np.isnan(nearness([]))


def test_ave_bias_signs():
    near, far = np.full(10, 0.9), np.full(10, 0.1)
    assert ave_bias(near, near, near, near) == 0.0
    assert ave_bias(near, far, near, far) > 1.5
    assert ave_bias(far, near, far, near) < -1.5


def test_property_auroc_sees_planted_properties_and_nothing_else():
    rng = np.random.default_rng(1)
    labels = np.arange(3000) < 300
    noise = rng.normal(size=(3000, 4))
    assert property_auroc(noise, labels) == pytest.approx(0.5, abs=0.06)
    shifted = noise.copy()
    shifted[labels, 2] += 2.0
    assert property_auroc(shifted, labels) > 0.85
    narrow = noise.copy()
    narrow[labels, 1] *= 0.05  # same mean, smaller spread: only the squares tell
    assert property_auroc(narrow, labels) > 0.75


@pytest.mark.parametrize("seed", [2, 5, 6])
def test_molecules_of_equal_properties_tie_wherever_they_stand(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    kinds = rng.normal(size=(2, 5))
    levels = []

    def watched(scores, labels):
        levels.append(len(set(scores.tolist())))
        return rank(scores, labels)

    monkeypatch.setattr(bias, "rank", watched)
    property_auroc(kinds[rng.integers(0, 2, 203)], np.arange(203) < 60)
    assert levels == [2] * bias.N_FOLDS


def test_property_auroc_degenerate_input():
    labels = np.arange(100) < 20
    assert property_auroc(np.ones((100, 3)), labels) == 0.5
    assert np.isnan(property_auroc(np.ones((100, 3)), np.arange(100) < 3))
    holes = np.random.default_rng(0).normal(size=(100, 3))
    holes[5, 1] = np.nan
    assert 0.0 <= property_auroc(holes, labels) <= 1.0
