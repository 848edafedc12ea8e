from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from command_line import make_encoder

from molsearch.bench.evaluate import GRID, curves, evaluate_task
from molsearch.bench.methods import Method, Part, parse_methods
from molsearch.errors import UsageError
from molsearch.metrics.enrichment import evaluate
from molsearch.metrics.ranking import rank
from molsearch.scoring.default import RULES, WITHOUT_RARITY, balanced

from .conftest import make_task


def nothing(task):
    return np.zeros((len(task.queries), len(task.pool)), dtype=bool)


def scores_of(task, seed=0):
    rng = np.random.default_rng(seed)
    shape = (len(task.queries), len(task.pool))
    return (rng.random(shape) + 0.4 * task.is_active).astype(np.float32)


class Fixed:
    """A scorer of given scores."""

    needs, relative = frozenset(), False

    def __init__(self, name):
        self.name = name

    def identity(self):
        return {}


def method(*parts):
    return Method("m", ((1, tuple(Part(Fixed(n), w, how) for n, w, how in parts)),))


def test_queries_are_fused_and_what_nobody_scores_comes_last():
    nan = np.nan
    scores = {"a": np.array([[1, nan, nan, 4], [3, 2, nan, 0], [2, 1, nan, 9]], np.float32)}
    two = np.array([0, 1])
    assert method(("a", 1.0, "max")).ranked(scores, two).tolist() == [3, 2, -np.inf, 4]
    assert method(("a", 1.0, "mean")).ranked(scores, two).tolist() == [2, 2, -np.inf, 2]
    found = method(("a", 1.0, "top2")).ranked(scores, np.arange(3))
    assert found.tolist() == [2.5, 1.5, -np.inf, 6.5]
    assert method(("a", 1.0, "max")).unscored(scores).tolist() == [False, False, True, False]


def test_blends_add_similarities_as_they_are():
    rng = np.random.default_rng(0)
    scores = {name: rng.normal(5, 9, (3, 50)).astype(np.float32) for name in "ab"}
    scores["b"][:, 4] = np.nan
    found = method(("a", 0.5, "mean"), ("b", 2.0, "max")).ranked(scores, np.arange(3))
    due = 0.5 * scores["a"].mean(axis=0) + 2 * scores["b"].max(axis=0)
    np.testing.assert_allclose(found[:4], due[:4], rtol=1e-5)
    assert found[4] == -np.inf
    # Whatever else is in the pool, a molecule's score is its own.
    part = {name: matrix[:, :7] for name, matrix in scores.items()}
    fewer = method(("a", 0.5, "mean"), ("b", 2.0, "max")).ranked(part, np.arange(3))
    assert fewer.tolist() == found[:7].tolist()


def evaluated(task, matrix, own, subsets):
    one = method(("a", 1.0, "max"))
    scores = {"a": matrix}
    return evaluate_task(
        task, partial(one.ranked, scores), own=own, unscored=one.unscored(scores), subsets=subsets
    )


def test_drawn_queries_count_together_and_novelty_is_to_the_nearest_of_them():
    task = make_task(n_queries=4)
    task = replace(task, protocol="drawn", draws=((0, 2), (1, 3)))
    matrix = scores_of(task)
    own = nothing(task)
    for query in range(4):
        own[query, query] = True  # each query is an active of the pool
    tier = np.tile(~task.is_active, (4, 1))
    tier[:, 5] = True
    tier[0, 6] = tier[2, 7] = tier[1, 7] = tier[3, 7] = True  # 6 is near query 2, 7 near query 0
    found = evaluated(task, matrix, own, {"tier": tier})
    aurocs, tiers = [], []
    for draw, inside in (([0, 2], [5]), ([1, 3], [5, 7])):
        kept = np.ones(len(task.pool), bool)
        kept[draw] = False
        best = matrix[draw].max(axis=0)
        aurocs.append(evaluate(best[kept], task.is_active[kept])["auroc"])
        some = ~task.is_active
        some[inside] = True
        tiers.append(evaluate(best[some], task.is_active[some])["auroc"])
    assert found["metrics"]["auroc"] == pytest.approx(np.mean(aurocs), abs=1e-5)
    assert found["subsets"]["tier"]["auroc"] == pytest.approx(np.mean(tiers), abs=1e-5)
    assert found["subsets"]["tier"]["n_actives"] == 1.5
    assert found["n_ranked"] == len(task.pool) - 2


def test_fused_protocol():
    task = make_task(n_queries=3)
    matrix = scores_of(task)
    own = nothing(task)
    own[0, 0] = own[2, 5] = True
    found = evaluated(task, matrix, own, {})
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
    found = evaluated(task, matrix, own, {"tier": tier, "one": empty})
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
    found = evaluated(task, matrix, nothing(task), {})
    assert found["metrics"]["auroc"] == 0.0
    assert found["n_unscored"] == int(task.is_active.sum())
    nobody = np.full_like(matrix, np.nan)
    flat = evaluated(task, nobody, nothing(task), {})
    assert flat["metrics"]["auroc"] == 0.5


def test_no_actives_is_null_with_a_reason():
    task = make_task()
    none = np.tile(~task.is_active, (1, 1))
    found = evaluated(task, scores_of(task), ~none, {"nobody": none})
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
    methods = parse_methods(["ecfp4", "ecfp4-mean", "heavy-atoms", "ecfp4+maccs-top2"])
    parts = [method.parts(1) for method in methods]
    assert [[p.fusion for p in some] for some in parts] == [
        ["max"], ["mean"], ["max"], ["max", "top2"]
    ]  # fmt: skip
    assert parts[0][0].scorer is parts[1][0].scorer is parts[3][0].scorer
    assert [p.scorer.name for p in parts[3]] == ["ecfp4", "maccs"]
    assert methods[0].identity()["fusion"] == "max"
    with pytest.raises(UsageError, match="asked for twice"):
        parse_methods(["ecfp4", "ecfp4"])
    with pytest.raises(UsageError, match="no method 'nope'"):
        parse_methods(["nope"])
    with pytest.raises(UsageError, match="no methods"):
        parse_methods([])


def test_weights_stand_before_the_parts_of_a_blend():
    even, uneven = parse_methods(["ecfp4+maccs", "2*ecfp4+0.5*fcfp4-mean"])
    assert even.identity()["rules"] == {"1": [[1.0, "ecfp4", "max"], [1.0, "maccs", "max"]]}
    assert uneven.identity()["rules"] == {"1": [[2.0, "ecfp4", "max"], [0.5, "fcfp4", "mean"]]}
    assert set(uneven.identity()["parts"]) == {"ecfp4", "fcfp4"}


def test_balanced_is_what_screens_rank_by(tmp_path):
    folder = make_encoder(tmp_path / "e")
    (found,) = parse_methods([f"balanced:{folder}"], device="cpu")
    for n_queries in (1, 2, 9):
        due = [(t.weight, t.name, t.fusion) for t in balanced(n_queries).terms]
        said = [(p.weight, p.scorer.name, p.fusion) for p in found.parts(n_queries)]
        assert said == [(w, str(folder) if n == "molsearch" else n, how) for w, n, how in due]
    assert set(found.identity()["rules"]) == {str(least) for least, _ in WITHOUT_RARITY}


def test_an_encoder_that_tells_rarity_adds_it(tmp_path):
    folder = make_encoder(tmp_path / "e", n_reference=30)
    names = [f"balanced:{folder}", f"{folder}+ecfp4+0.5*rarity", "balanced"]
    found = parse_methods(names, device="cpu")
    for n_queries in (1, 2, 9):
        parts = found[0].parts(n_queries)
        due = [(t.weight, t.fusion or "max") for t in balanced(n_queries, rarity=True).terms]
        assert [(p.weight, p.fusion) for p in parts] == due
        assert parts[-1].scorer.name == f"rarity:{folder}"
    (third,) = found[1].parts(1)[2:]
    assert (third.weight, third.scorer.name) == (0.5, f"rarity:{folder}")
    assert third.scorer.identity()["rarity"]["compounds"] == 30
    assert set(found[0].identity()["rules"]) == {str(least) for least, _ in RULES}
    assert found[2].parts(1)[-1].scorer.name == "rarity:molsearch"
    assert str(folder) in {one.name for one in found[1].scorers}
    with pytest.raises(UsageError, match="rarity is told by an encoder"):
        parse_methods(["ecfp4+rarity"])
    older = make_encoder(tmp_path / "older")
    with pytest.raises(UsageError, match="brings none"):
        parse_methods([f"{older}+rarity"], device="cpu")


@pytest.mark.parametrize("term", ["two*ecfp4", "-1*ecfp4", "0*ecfp4", "nan*ecfp4", "*ecfp4"])
def test_a_weight_that_is_no_positive_number_is_refused(term):
    with pytest.raises(UsageError, match="no positive number"):
        parse_methods([f"{term}+maccs"])
