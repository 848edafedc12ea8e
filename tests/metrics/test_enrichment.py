from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit.ML.Scoring import Scoring

from molsearch.errors import InputError
from molsearch.metrics import enrichment as e
from molsearch.metrics.ranking import products, rank


def plain(scores, labels, seed):
    """Metrics of one random order of the ties, from loops and definitions."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(scores))
    order = shuffled[np.argsort(-scores[shuffled], kind="stable")]
    seen = labels[order]
    n, actives = len(seen), int(seen.sum())
    rows = [[bool(x)] for x in seen]
    precisions, found, fp, area = [], 0, 0, 0.0
    for position, active in enumerate(seen, start=1):
        if active:
            found += 1
            precisions.append(found / position)
        else:
            low = max(fp / (n - actives), 0.001)
            fp += 1
            high = max(fp / (n - actives), 0.001)
            area += found / actives * (math.log10(high) - math.log10(low))
    result = {
        "auroc": Scoring.CalcAUC(rows, 0),
        "log_auc": area / 3,
        "pr_auc": sum(precisions) / actives,
        "bedroc_80p5": Scoring.CalcBEDROC(rows, 0, 80.5),
        "bedroc_20": Scoring.CalcBEDROC(rows, 0, 20.0),
    }
    for name, fraction in e.FRACTIONS.items():
        top = max(1, math.ceil(n * fraction - 1e-9))
        result[name] = seen[:top].sum() / top * n / actives
    return result


@pytest.mark.parametrize("seed", range(8))
def test_equals_rdkit_without_ties(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(50, 900))
    labels = rng.random(n) < 0.1
    labels[:2] = [True, False]
    scores = rng.permutation(n) + 3.0 * labels
    scores = scores + rng.random(n) * 1e-3
    ours = e.evaluate(scores, labels)
    order = np.argsort(-scores)
    rows = [[bool(x)] for x in labels[order]]
    assert ours["auroc"] == pytest.approx(Scoring.CalcAUC(rows, 0), abs=1e-12)
    for name, alpha in (("bedroc_80p5", 80.5), ("bedroc_20", 20.0)):
        assert ours[name] == pytest.approx(Scoring.CalcBEDROC(rows, 0, alpha), abs=1e-12)
    enriched = Scoring.CalcEnrichment(rows, 0, list(e.FRACTIONS.values()))
    for name, value in zip(e.FRACTIONS, enriched, strict=True):
        assert ours[name] == pytest.approx(value, abs=1e-9)
    for name, value in plain(scores, labels, 0).items():
        assert ours[name] == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_ties_score_the_mean_over_permutations(levels):
    rng = np.random.default_rng(levels)
    labels = np.zeros(120, bool)
    labels[:12] = True
    scores = rng.integers(0, levels, 120).astype(float)
    scores[:6] = levels - 1
    ours = e.evaluate(scores, labels)
    runs = [plain(scores, labels, seed) for seed in range(4000)]
    for name in e.METRICS:
        values = np.array([run[name] for run in runs])
        tolerance = 4 * values.std() / math.sqrt(len(values)) + 1e-12
        assert abs(values.mean() - ours[name]) <= tolerance, name


def test_constant_scores_earn_what_chance_earns():
    labels = np.arange(1000) < 20
    found = e.evaluate(np.zeros(1000), labels)
    assert found["auroc"] == 0.5
    assert all(found[name] == pytest.approx(1.0) for name in e.FRACTIONS)
    assert found["bedroc_20"] == pytest.approx(0.0607, abs=5e-5)
    assert found["log_auc"] == pytest.approx(0.1446, abs=2e-3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=60),
    st.randoms(use_true_random=False),
)
def test_row_order_never_matters(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    first = e.evaluate(*map(list, zip(*rows, strict=True)))
    second = e.evaluate(*map(list, zip(*shuffled, strict=True)))
    assert first.reason == second.reason
    for name, value in first.items():
        assert value == second[name] or (math.isnan(value) and math.isnan(second[name]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=80))
def test_bounds(rows):
    scores, labels = (list(column) for column in zip(*rows, strict=True))
    found = e.evaluate(scores, labels)
    if found.reason:
        assert all(math.isnan(value) for value in found.values())
        return
    for name in e.METRICS[:5]:
        assert -1e-9 <= found[name] <= 1 + 1e-9
    for name in e.FRACTIONS:
        assert found[name] <= found[f"{name}_max"] + 1e-9


def test_perfect_and_worst():
    labels = np.arange(200) < 10
    best = e.evaluate(-np.arange(200.0), labels)
    assert best["auroc"] == best["pr_auc"] == best["log_auc"] == 1.0
    assert best["bedroc_80p5"] == pytest.approx(1.0)
    assert all(best[name] == pytest.approx(best[f"{name}_max"]) for name in e.FRACTIONS)
    assert best["ef_1pct_max"] == pytest.approx(20.0)
    worst = e.evaluate(np.arange(200.0), labels)
    assert worst["auroc"] == worst["ef_10pct"] == 0.0
    assert worst["bedroc_20"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("n_inactives", [1, 7, 190, 999, 4096])
def test_log_auc_of_a_perfect_list_is_one_to_the_last_bit(n_inactives):
    labels = np.arange(n_inactives + 10) < 10
    ranking = rank(-np.arange(float(labels.size)), labels)
    assert [e.log_auc(ranking, floor) for floor in (0.001, 0.003, 0.01, 0.07)] == [1.0] * 4
    assert e.log_auc(rank(np.arange(float(labels.size)), labels)) == 0.0


def test_products_of_equal_rows_tie_wherever_they_stand():
    rng = np.random.default_rng(0)
    vector = rng.standard_normal(256).astype(np.float32)
    row = rng.standard_normal(256).astype(np.float32)
    for n in (5, 17, 33, 101, 1003):
        rows = rng.standard_normal((n, 256)).astype(np.float32)
        rows[::2] = row
        found = products(rows, vector)
        assert len(set(found[::2].tolist())) == 1
        np.testing.assert_allclose(found, rows.astype(float) @ vector, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("labels", "words"),
    [([False] * 4, "no actives"), ([True] * 4, "no decoys"), ([], "empty")],
)
def test_undefined_lists_say_why(labels, words):
    found = e.evaluate(np.arange(float(len(labels))), labels)
    assert words in found.reason
    assert all(math.isnan(value) for value in found.values())


def test_nan_and_shapes_are_refused():
    with pytest.raises(InputError, match=r"1 of 3 scores are NaN \(first at position 1\)"):
        e.evaluate([1.0, math.nan, 2.0], [True, False, False])
    with pytest.raises(InputError, match="do not fit"):
        e.evaluate([1.0, 2.0], [True])
    assert e.evaluate([math.inf, 0.0, -math.inf], [True, False, False])["auroc"] == 1.0


def test_cut_is_not_fooled_by_binary_fractions():
    assert e.cut(100, 0.07) == 7
    assert e.cut(1000, 0.005) == 5
    assert e.cut(1001, 0.005) == 6
    assert e.cut(10, 0.005) == 1


def test_ranking_groups():
    ranking = rank([1, 3, 3, 2], [True, False, True, False])
    assert ranking.sizes.tolist() == [2, 1, 1]
    assert ranking.actives.tolist() == [1, 0, 1]
    assert ranking.expected.tolist() == [0.5, 0.5, 0.0, 1.0]
    assert ranking.position.tolist() == [0, 1, 0, 0]
