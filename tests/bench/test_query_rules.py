"""Rules that look at the queries: on a screen small enough to rank by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from molsearch.bench import query_rules
from molsearch.bench.benchmarks.task import Task, TaskQuery, pool_frame
from molsearch.bench.choice import Screened
from molsearch.scoring.default import RARITY, balanced
from molsearch.scoring.ranking import MOLSEARCH, STORED

N, Q = 40, 5


def _screened(seed=0):
    rng = np.random.default_rng(seed)
    active = np.arange(N) < 8
    scores = {name: rng.random((Q, N)).astype(np.float32) for name in (MOLSEARCH, STORED)}
    scores[STORED][:, :8] += 0.5
    pool = pool_frame(["C"] * N, [f"m{i}" for i in range(N)], active)
    queries = tuple(TaskQuery(f"q{i}", "C") for i in range(Q))
    task = Task("t", queries, pool, protocol="drawn", draws=((0, 1, 2, 3, 4),))
    own = np.zeros((Q, N), dtype=bool)
    return Screened(task, scores, own, np.ones((Q, N), dtype=bool))


def _judged(screened, alike=0.5, potency=None):
    mutual = np.full((Q, Q), alike)
    return query_rules.judged(screened, mutual, np.full(Q, 7.0) if potency is None else potency)


def test_a_rule_by_likeness_is_the_weight_of_its_side() -> None:
    screened = _screened()
    near, far = _judged(screened, 0.45)["likeness"], _judged(screened, 0.25)["likeness"]
    assert near["0.5, from 0.4 on 3"] == near["3"] == far["3"]
    assert far["0.5, from 0.4 on 3"] == far["0.5"] == near["0.5"]
    assert near["0.5"] != near["3"]
    weight = {term.name: term.weight for term in balanced(Q).terms}[STORED]
    assert near["default"] == near[f"{weight:g}"]


def test_rarity_stands_in_every_rule_where_it_is_known() -> None:
    screened = _screened()
    told = np.tile(np.random.default_rng(7).random(N).astype(np.float32), (Q, 1))
    rare = dataclasses.replace(screened, scores={**screened.scores, RARITY: told})
    for family, name in (("likeness", "0.5"), ("potency", "default")):
        assert _judged(rare)[family][name] != _judged(screened)[family][name]
    # Costs are a query's: with equal ones, and so none, rarity too stays as it is.
    assert len(set(_judged(rare)["potency"].values())) == 1
    lowered = _judged(rare, potency=np.array([9.0, 8.0, 8.0, 8.0, 8.0]))["potency"]
    only = {STORED: screened.scores[STORED].copy(), MOLSEARCH: screened.scores[MOLSEARCH].copy()}
    for scores in only.values():
        scores[1:] -= 0.1
    by_hand = dataclasses.replace(rare, scores={**only, RARITY: told})
    assert lowered["0.1 a log unit"] == pytest.approx(_judged(by_hand)["potency"]["default"])


def test_weaker_queries_weigh_less_and_equal_ones_the_same() -> None:
    screened = _screened()
    same = _judged(screened)["potency"]
    assert len(set(same.values())) == 1
    # Four queries of which nothing is left: the same as the best one alone, but for its pairs.
    told = _judged(screened, potency=np.array([9.0, 1.0, 1.0, 1.0, 1.0]))["potency"]
    only = {name: scores.copy() for name, scores in screened.scores.items()}
    for scores in only.values():
        scores[1:] -= 0.2 * 8
    lowered = dataclasses.replace(screened, scores=only)
    assert told["0.2 a log unit"] == pytest.approx(_judged(lowered)["potency"]["default"])
    unknown = _judged(screened, potency=np.array([7.0, np.nan, 7.0, 7.0, 7.0]))["potency"]
    assert unknown == same


def test_a_family_is_told_against_what_stands() -> None:
    worlds = [_judged(_screened(seed))["likeness"] for seed in range(6)]
    values = {name: np.array([world[name] for world in worlds]) for name in worlds[0]}
    told = query_rules.told(values)
    assert told["n_rules"] == 1 + 5 + 4 * 5 * 4
    assert told["best"]["ratio"][0] >= 1.0
    assert told["nested"]["bedroc_80p5"][0] <= told["best"]["bedroc_80p5"][0] + 1e-9
