"""From a score matrix to the numbers of one target and one method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from molsearch.bench.benchmarks.task import Task
from molsearch.metrics.enrichment import Evaluation, evaluate_ranking
from molsearch.metrics.ranking import Ranking, rank
from molsearch.metrics.redrawn import molecule_bounds
from molsearch.scoring.protocols import Scores

Mask = npt.NDArray[np.bool_]
Ranked = Callable[[npt.NDArray[np.int64]], Scores]
Run = tuple[Scores, Mask, npt.NDArray[np.int64]]
# False-positive rates of stored ROC curves and fractions of stored enrichment curves.
GRID = np.logspace(-3, 0, 31)
_DIGITS = 5


def rounded(value: float) -> float | None:
    """Give a number as JSON should hold it: five decimals, None for NaN."""
    return None if np.isnan(value) else round(float(value), _DIGITS)


def curves(ranking: Ranking) -> dict[str, list[float | None]]:
    """True-positive rate at the false-positive rates `GRID`, and share found at fractions `GRID`.

    Ties are expectations here too, so within a tie both curves are straight lines.
    """
    if ranking.undefined:
        return {"roc": [], "enrichment": []}
    found = np.r_[0, np.cumsum(ranking.actives)] / ranking.n_actives
    fpr = np.r_[0, np.cumsum(ranking.sizes - ranking.actives)] / ranking.n_inactives
    share = np.r_[0, np.cumsum(ranking.sizes)] / ranking.n
    # Where several groups end at one rate the last counts: all of them lie above that decoy.
    last = np.r_[fpr[1:] != fpr[:-1], True]
    return {
        "roc": [rounded(x) for x in np.interp(GRID, fpr[last], found[last])],
        "enrichment": [rounded(x) for x in np.interp(GRID, share, found)],
    }


def _mean(evaluations: list[Evaluation]) -> dict[str, float | None]:
    """Mean of each metric over queries, those that are undefined left out."""
    found = {}
    for name in evaluations[0]:
        values = np.array([evaluation[name] for evaluation in evaluations])
        values = values[~np.isnan(values)]
        found[name] = rounded(float(values.mean()) if values.size else np.nan)
    return found


def _mean_curves(rankings: list[Ranking]) -> dict[str, list[float | None]]:
    found = [curves(ranking) for ranking in rankings if not ranking.undefined]
    if not found:
        return {"roc": [], "enrichment": []}
    means = {}
    for name in ("roc", "enrichment"):
        values = np.array([one[name] for one in found], dtype=np.float64)
        means[name] = [rounded(x) for x in values.mean(axis=0)]
    return means


def evaluate_task(
    task: Task,
    ranked: Ranked,
    *,
    own: Mask,
    unscored: Mask,
    subsets: Mapping[str, Mask],
) -> dict[str, Any]:
    """Evaluate one method on one target.

    Parameters
    ----------
    task
        The target.
    ranked
        From the places of queries to scores of the pool for them together, float32 ``[n]``.
    own
        True where a pool molecule is the query itself, ``[q, n]``: never ranked.
    unscored
        Pool molecules that the method cannot score, ``[n]``.
    subsets
        Named subsets of the pool on which metrics are given besides, each ``[q, n]``: tiers of
        actives with all inactives, or all actives with one source of decoys.

    Returns
    -------
    dict
        ``metrics`` by the task's protocol, ``each`` (mean over single queries) where there are
        several, ``within`` (bounds from drawing the target's molecules anew), ``subsets``,
        ``curves``, ``n_ranked``, ``n_unscored``, ``reason``.
    """
    labels = task.is_active
    runs = runs_of(task, ranked, own)
    rankings = [rank(scores[kept], labels[kept]) for scores, kept, _ in runs]
    evaluations = [evaluate_ranking(ranking) for ranking in rankings]
    found: dict[str, Any] = {
        "metrics": _mean(evaluations),
        "within": _within(runs, labels),
        "reason": next((e.reason for e in evaluations if e.reason), ""),
        "n_ranked": round(float(np.mean([ranking.n for ranking in rankings])), 1),
        "n_unscored": int(unscored.sum()),
        "curves": _mean_curves(rankings),
        "subsets": {name: _subset(runs, labels, subset) for name, subset in subsets.items()},
    }
    if task.protocol == "fused" and len(task.queries) > 1:
        alone = runs_of(replace(task, protocol="each"), ranked, own)
        found["each"] = _mean(
            [evaluate_ranking(rank(scores[kept], labels[kept])) for scores, kept, _ in alone]
        )
    return found


def _within(runs: list[Run], labels: Mask) -> dict[str, list[float | None]]:
    found = molecule_bounds([(scores, kept) for scores, kept, _ in runs], labels)
    return {name: [rounded(low), rounded(high)] for name, (low, high) in found.items()}


def runs_of(task: Task, ranked: Ranked, own: Mask) -> list[Run]:
    """List the rankings of a task: scores, what is ranked, and the places of the queries."""
    found = []
    for queries in task.asked:
        kept = np.logical_not(np.logical_or.reduce(own[queries], axis=0))
        found.append((ranked(queries), np.asarray(kept, dtype=bool), queries))
    return found


def _subset(runs: list[Run], labels: Mask, subset: Mask) -> dict[str, float | None]:
    evaluations, n_actives = [], []
    for scores, kept, queries in runs:
        # An active that is new to its nearest query is new to all of them.
        chosen = np.asarray(np.logical_and.reduce(subset[queries], axis=0), dtype=bool) & kept
        n_actives.append(int(labels[chosen].sum()))
        evaluations.append(evaluate_ranking(rank(scores[chosen], labels[chosen])))
    return {"n_actives": round(float(np.mean(n_actives)), 1), **_mean(evaluations)}
