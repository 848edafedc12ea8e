from __future__ import annotations

import numpy as np
import pytest

from molsearch.bench.evaluate import GRID, curves, evaluate_task
from molsearch.bench.methods import blend, fuse, parse_methods
from molsearch.errors import UsageError
from molsearch.metrics.enrichment import evaluate
from molsearch.metrics.ranking import rank

from .conftest import make_task


def nothing(task):
    return np.zeros((len(task.queries), len(task.pool)), dtype=bool)


def scores_of(task, seed=0):
    rng = np.random.default_rng(seed)
    shape = (len(task.queries), len(task.pool))
    return (rng.random(shape) + 0.4 * task.is_active).astype(np.float32)


def test_fusion():
    nan = np.nan
    matrix = np.array([[1, nan, nan, 4], [3, 2, nan, 0]], dtype=np.float32)
    assert fuse(matrix, "max").tolist() == [3, 2, -np.inf, 4]
    assert fuse(matrix, "mean").tolist() == [2, 2, -np.inf, 2]


def test_blend_adds_standard_scores_per_query():
    rng = np.random.default_rng(0)
    first, second = rng.normal(5, 9, (3, 50)), rng.normal(0, 0.1, (3, 50))
    first, second = first.astype(np.float32), second.astype(np.float32)
    first[1, 4] = np.nan
    found = blend([first, second])

    def z(m):
        known = m - np.nanmean(m, axis=1, keepdims=True)
        return known / np.nanstd(m, axis=1, keepdims=True)

    np.testing.assert_allclose(found, z(first) + z(second), atol=1e-4)
    np.testing.assert_allclose(
        blend([first, second], (2.5, 1.0)), 2.5 * z(first) + z(second), atol=1e-4
    )
    assert np.isnan(found[1, 4])
    assert blend([first]) is first
    assert np.isfinite(blend([np.ones((1, 4), np.float32)] * 2)).all()


def test_fused_protocol():
    task = make_task(n_queries=3)
    matrix = scores_of(task)
    own = nothing(task)
    own[0, 0] = own[2, 5] = True
    found = evaluate_task(task, matrix, "max", own=own, subsets={})
    kept = np.ones(len(task.pool), bool)
    kept[[0, 5]] = False
    expected = evaluate(matrix.max(axis=0)[kept], task.is_active[kept])
    assert found["metrics"]["bedroc_20"] == pytest.approx(expected["bedroc_20"], abs=1e-5)
    assert found["n_ranked"] == len(task.pool) - 2
    singles = [evaluate(matrix[q][~own[q]], task.is_active[~own[q]])["auroc"] for q in range(3)]
    assert found["each"]["auroc"] == pytest.approx(np.mean(singles), abs=1e-5)


def test_each_protocol_averages_queries_and_their_tiers():
    task = make_task(protocol="each", n_queries=2)
    matrix = scores_of(task)
    own = nothing(task)
    own[0, 0] = own[1, 1] = True
    tier = np.tile(~task.is_active, (2, 1))
    tier[0, 3] = tier[1, 4] = tier[1, 5] = True
    empty = np.tile(~task.is_active, (2, 1))
    empty[1, 6] = True
    found = evaluate_task(task, matrix, "max", own=own, subsets={"tier": tier, "one": empty})
    aurocs, tiers = [], []
    for q in range(2):
        kept = ~own[q]
        aurocs.append(evaluate(matrix[q][kept], task.is_active[kept])["auroc"])
        inside = kept & tier[q]
        tiers.append(evaluate(matrix[q][inside], task.is_active[inside])["auroc"])
    assert found["metrics"]["auroc"] == pytest.approx(np.mean(aurocs), abs=1e-5)
    assert found["subsets"]["tier"]["auroc"] == pytest.approx(np.mean(tiers), abs=1e-5)
    assert found["subsets"]["tier"]["n_actives"] == 1.5
    # The first query has no active there: the mean is over the second alone.
    inside = ~own[1] & empty[1]
    only = evaluate(matrix[1][inside], task.is_active[inside])["auroc"]
    assert found["subsets"]["one"]["auroc"] == pytest.approx(only, abs=1e-5)
    assert "each" not in found


def test_unscored_molecules_rank_last_together():
    task = make_task()
    matrix = scores_of(task)
    matrix[0, task.is_active] = np.nan
    found = evaluate_task(task, matrix, "max", own=nothing(task), subsets={})
    assert found["metrics"]["auroc"] == 0.0
    assert found["n_unscored"] == int(task.is_active.sum())
    nobody = np.full_like(matrix, np.nan)
    flat = evaluate_task(task, nobody, "max", own=nothing(task), subsets={})
    assert flat["metrics"]["auroc"] == 0.5


def test_no_actives_is_null_with_a_reason():
    task = make_task()
    none = np.tile(~task.is_active, (1, 1))
    found = evaluate_task(task, scores_of(task), "max", own=~none, subsets={"nobody": none})
    assert found["metrics"]["auroc"] is None
    assert "no actives" in found["reason"]
    assert found["curves"] == {"roc": [], "enrichment": []}
    assert found["subsets"]["nobody"]["bedroc_80p5"] is None


def test_curves_are_the_step_functions():
    rng = np.random.default_rng(2)
    labels = rng.random(3000) < 0.1
    scores = rng.normal(size=3000) + labels
    ranking = rank(scores, labels)
    found = curves(ranking)
    order = np.argsort(-scores)
    n_decoys = int((~labels).sum())
    decoys = np.cumsum(~labels[order])
    for fpr, tpr in zip(GRID, found["roc"], strict=True):
        low = labels[order][decoys <= np.floor(fpr * n_decoys)].sum() / labels.sum()
        high = labels[order][decoys <= np.ceil(fpr * n_decoys)].sum() / labels.sum()
        assert low - 1e-5 <= tpr <= high + 1e-5
    assert found["roc"][-1] == found["enrichment"][-1] == 1.0
    flat = curves(rank(np.zeros(3000), labels))
    np.testing.assert_allclose(flat["roc"], GRID, atol=1e-5)
    np.testing.assert_allclose(flat["enrichment"], GRID, atol=1e-5)


def test_method_names():
    methods = parse_methods(["ecfp4", "ecfp4-mean", "heavy-atoms", "ecfp4+maccs"])
    assert [m.fusion for m in methods] == ["max", "mean", "max", "max"]
    assert methods[0].parts[0] is methods[1].parts[0] is methods[3].parts[0]
    assert [p.name for p in methods[3].parts] == ["ecfp4", "maccs"]
    with pytest.raises(UsageError, match="asked for twice"):
        parse_methods(["ecfp4", "ecfp4"])
    with pytest.raises(UsageError, match="no method 'nope'"):
        parse_methods(["nope"])
    with pytest.raises(UsageError, match="no methods"):
        parse_methods([])


def test_weights_stand_before_the_parts_of_a_blend():
    even, uneven, whole = parse_methods(["ecfp4+maccs", "2*ecfp4+0.5*maccs-mean", "1*ecfp4+maccs"])
    assert even.weights == whole.weights == ()
    assert "weights" not in even.identity()
    assert (uneven.weights, uneven.fusion) == ((2.0, 0.5), "mean")
    assert uneven.identity()["weights"] == [2.0, 0.5]
    assert [part.name for part in uneven.parts] == ["ecfp4", "maccs"]


@pytest.mark.parametrize("term", ["two*ecfp4", "-1*ecfp4", "0*ecfp4", "nan*ecfp4", "*ecfp4"])
def test_a_weight_that_is_no_positive_number_is_refused(term):
    with pytest.raises(UsageError, match="no positive number"):
        parse_methods([f"{term}+maccs"])
