from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from molsearch.bench.choice import (
    BASELINE,
    FOLDS,
    REPEATS,
    Screened,
    candidates,
    chosen,
    judged,
    nested,
)
from molsearch.bench.views import Views
from molsearch.metrics.enrichment import evaluate
from molsearch.scoring.default import RARITY, balanced
from molsearch.scoring.expansion import ONE_IN, n_hits
from molsearch.scoring.expression import parse_expression

from .conftest import make_task


def screened(seed=0):
    task = make_task(n_queries=4)
    task = replace(task, protocol="drawn", draws=((0, 2), (1, 3)))
    rng = np.random.default_rng(seed)
    shape = (4, len(task.pool))
    scores = {
        name: (rng.random(shape) + 0.3 * task.is_active).astype(np.float32)
        for name in ("e", "ecfp4", "path")
    }
    scores["e"][:, 3] = np.nan
    own = np.zeros(shape, bool)
    own[np.arange(4), np.arange(4)] = True
    novel = ~(task.is_active & (rng.random(shape) < 0.3))
    return Screened(task, scores, own, novel)


def test_every_sum_is_judged_as_a_naive_loop_does():
    one = screened()
    texts = [*candidates("e", 5, extra=("path",)), "2*e-mean"]
    assert len(set(texts)) == len(texts)
    found = judged(one, texts)
    kinds = {
        "max": lambda m: np.nanmax(m, axis=0),
        "mean": lambda m: np.nanmean(m, axis=0),
        "top2": lambda m: np.sort(m, axis=0)[-2:].mean(axis=0),
    }
    for text in ("e-top2+2*ecfp4-max", "e-mean+0.5*ecfp4-top2", "ecfp4-max", "e-max",
                 "e-top2+0.75*ecfp4-max+0.5*path-max"):  # fmt: skip
        every, new = [], []
        for draw in ([0, 2], [1, 3]):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                total = sum(
                    t.weight * kinds[t.fusion](one.scores[t.name][draw].astype(float))
                    for t in parse_expression(text).terms
                )
            total = np.where(np.isnan(total), -np.inf, total)
            kept = np.ones(len(total), bool)
            kept[draw] = False
            labels = one.task.is_active
            every.append(evaluate(total[kept], labels[kept])["bedroc_80p5"])
            some = kept & one.novel[draw].all(axis=0)
            new.append(evaluate(total[some], labels[some])["bedroc_80p5"])
        assert found[text] == pytest.approx((np.mean(every), np.nanmean(new)), abs=1e-4)


def test_sums_of_few_queries_are_ranked_twice_as_the_method_does():
    """The same as `Views` by hand: hits of what is left without the queries, and nothing else."""
    plain = screened()
    plain.scores["e"][:, 3] = 0.2
    n = len(plain.task.pool)
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(n + 4, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    views = Views(vectors[n:], vectors[:n], plain.own, "e")
    scores = {**plain.scores, "e": vectors[n:] @ vectors[:n].T}
    once = replace(plain, scores=scores)
    twice = replace(once, views=views)
    texts = ["e-max+ecfp4-max", "e-max", "ecfp4-max", "ecfp4-max+path-max"]
    found, before = judged(twice, texts), judged(once, texts)
    assert n - 2 >= ONE_IN
    assert found[texts[0]] != before[texts[0]]
    assert [found[text] for text in texts[1:]] == [before[text] for text in texts[1:]]
    every = []
    for draw in ([0, 2], [1, 3]):
        kept = ~plain.own[draw].any(axis=0)
        alike = scores["ecfp4"][draw][:, kept].max(axis=0)
        first = scores["e"][draw][:, kept].max(axis=0) + alike
        best = np.argsort(-first)[: n_hits(int(kept.sum()))]
        moved = vectors[n:][draw] + vectors[:n][kept][best].mean(axis=0)
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        again = (moved @ vectors[:n][kept].T).max(axis=0) + alike
        every.append(evaluate(again, plain.task.is_active[kept])["bedroc_80p5"])
    assert found[texts[0]][0] == pytest.approx(np.mean(every), abs=1e-4)


def test_rarity_is_tried_beside_the_encoder_and_the_default_is_among_what_is_tried():
    one = screened()
    told = np.random.default_rng(4).random(len(one.task.pool)).astype(np.float32)
    scores = {**one.scores, RARITY: np.broadcast_to(told, one.scores["e"].shape)}
    for n_queries in (1, 2, 5):
        texts = candidates("e", n_queries, rarity=True)
        assert len({*texts}) == len(texts)
        assert str(balanced(n_queries, rarity=True).renamed("molsearch", "e")) in texts
        assert not any(text.startswith("ecfp4") and RARITY in text for text in texts)
        assert {*candidates("e", n_queries)} < {*texts}
    found = judged(replace(one, scores=scores), ["e-max+rarity", "e-max"])
    assert found["e-max+rarity"] != found["e-max"]


def test_one_query_has_nothing_to_fuse():
    assert all("top2" not in text and "mean" not in text for text in candidates("e", 1))
    assert len(candidates("e", 5)) > len(candidates("e", 1))


def test_a_target_has_no_say_in_what_it_is_judged_by():
    rng = np.random.default_rng(3)
    names = [BASELINE, "e-max", "e-max+ecfp4-max"]
    values = {name: rng.random((10, 2)) for name in names}
    # One target prefers a sum that all the others find worst: it is never judged by that one.
    values["e-max"][:, 0] = 0.01
    values["e-max"][4] = 1e3
    figures, choices = nested(values)
    assert figures.shape == (10, 2)
    assert figures[4, 0] < 1
    assert sum(choices.values()) == FOLDS * REPEATS
    assert choices["e-max"] > 0
    alone, _ = nested({name: value[:, :] for name, value in values.items() if name == BASELINE})
    np.testing.assert_allclose(alone, values[BASELINE])


def test_a_choice_on_noise_does_not_flatter_itself():
    names = [BASELINE, *(f"e-max+{w}*ecfp4-max" for w in range(1, 60))]
    best, unseen = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        values = {name: rng.random((20, 2)) for name in names}
        found = chosen(values, names[1])
        best.append(found["best"]["bedroc_80p5"][0])
        unseen.append(found["nested"]["bedroc_80p5"][0])
    assert np.mean(best) > 0.6
    assert np.mean(unseen) < 0.56
    assert found["chosen"] == found["best"]["expression"]
    assert found["default"]["expression"] == names[1]
    ratio = found["default"]["ratio"][0]
    due = values[names[1]][:, 0].mean() / values[BASELINE][:, 0].mean()
    assert ratio == pytest.approx(due, abs=1e-3)
    assert found["default"]["wins"] + found["default"]["losses"] == 20
