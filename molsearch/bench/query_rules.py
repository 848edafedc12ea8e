"""Rules that look at the queries: weights by their mutual similarity, weaker actives weighing less.

Each is judged as every choice is: target by target, by what the other targets choose. Asked of
numbers of queries that are searched with once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from molsearch.bench.choice import Screened, Values, against, nested
from molsearch.metrics.enrichment import bedroc
from molsearch.metrics.ranking import rank
from molsearch.scoring.added import added, fused_of
from molsearch.scoring.default import RARITY, balanced
from molsearch.scoring.expression import Term
from molsearch.scoring.ranking import STORED

FORMAT = "molsearch-query-rules-1"
DEFAULT = "default"
WEIGHTS = (0.5, 1.0, 1.5, 2.0, 3.0)
ALIKE_FROM = (0.2, 0.3, 0.4, 0.5)  # mean ECFP4 similarity of a query to the nearest other one
COSTS = (0.01, 0.02, 0.05, 0.1, 0.2)  # of a log unit below the most active query
Floats = npt.NDArray[np.float64]


def judged(
    screened: Screened, mutual: Floats, potency: Floats
) -> dict[str, dict[str, tuple[float, float]]]:
    """BEDROC(80.5) of every rule of both families, means over draws: of all actives, of new ones.

    Parameters
    ----------
    mutual
        ECFP4 similarity among the queries, ``[q, q]``.
    potency
        Of each query, -log10 of a molar concentration, ``[q]``.
    """
    found: dict[str, dict[str, list[tuple[float, float]]]] = {"likeness": {}, "potency": {}}
    for queries in screened.task.asked:
        kept = ~np.logical_or.reduce(screened.own[queries], axis=0)
        new = np.logical_and.reduce(screened.novel[queries], axis=0)[kept]
        labels = screened.task.is_active[kept]
        pool = {name: scores[queries][:, kept] for name, scores in screened.scores.items()}
        for family, rules in (
            ("likeness", _by_likeness(pool, _nearest(mutual[np.ix_(queries, queries)]))),
            ("potency", _by_potency(pool, potency[queries])),
        ):
            for name, scores in rules:
                pair = tuple(
                    bedroc(rank(scores[some], labels[some]), 80.5)
                    for some in (np.ones(len(labels), dtype=bool), new)
                )
                found[family].setdefault(name, []).append((pair[0], pair[1]))
    return {
        family: {name: _means(values) for name, values in rules.items()}
        for family, rules in found.items()
    }


def _by_likeness(
    pool: Mapping[str, npt.NDArray[Any]], alike: float
) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yield scores by constant weights of ECFP4, and by two, on either side of a likeness."""
    terms = _terms(pool)
    fused = fused_of(pool, np.arange(len(pool[STORED])))
    now = next(term.weight for term in terms if term.name == STORED)
    by_weight = {
        weight: added([replace(t, weight=weight) if t.name == STORED else t for t in terms], fused)
        for weight in {*WEIGHTS, now}
    }
    yield DEFAULT, by_weight[now]
    for weight in WEIGHTS:
        yield f"{weight:g}", by_weight[weight]
    for least, low, high in product(ALIKE_FROM, WEIGHTS, WEIGHTS):
        if low != high:
            chosen = high if alike >= least else low
            yield f"{low:g}, from {least:g} on {high:g}", by_weight[chosen]


def _by_potency(
    pool: Mapping[str, npt.NDArray[Any]], potency: Floats
) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yield scores in which a query's similarities are lowered by how much weaker it is."""
    gap = (np.nanmax(potency) - potency)[:, None]
    terms = _terms(pool)
    for cost in (0.0, *COSTS):
        lowered = {
            name: scores if name == RARITY else scores - cost * np.nan_to_num(gap)
            for name, scores in pool.items()
        }
        name = f"{cost:g} a log unit" if cost else DEFAULT
        yield name, added(terms, fused_of(lowered, np.arange(len(potency))))


def _terms(pool: Mapping[str, npt.NDArray[Any]]) -> tuple[Term, ...]:
    """Look up what ranks by default for so many queries."""
    return balanced(len(pool[STORED]), rarity=RARITY in pool).terms


def told(values: Values) -> dict[str, Any]:
    """Tell what a result file says of one family: what others choose, against the default."""
    ranked = sorted(values, key=lambda name: -float(values[name][:, 0].mean()))
    figures, choices = nested(values)
    return {
        "n_rules": len(values),
        "nested": {**against(figures, values[DEFAULT]), "choices": dict(choices.most_common(5))},
        "best": {"rule": ranked[0], **against(values[ranked[0]], values[DEFAULT])},
    }


def _nearest(among: Floats) -> float:
    among = among.copy()
    np.fill_diagonal(among, -np.inf)
    return float(among.max(axis=1).mean())


def _means(values: list[tuple[float, float]]) -> tuple[float, float]:
    every, new = np.array(values, dtype=np.float64).T
    known = new[~np.isnan(new)]
    return float(every.mean()), float(known.mean()) if known.size else float("nan")
