"""How early a ranked list shows its actives: AUROC, log-AUC, PR-AUC, BEDROC, enrichment.

All take a `Ranking`, so ties score their expectation; `evaluate` computes the lot.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from molsearch.metrics.ranking import Ranking, rank

FRACTIONS = {
    "ef_0p5pct": 0.005,
    "ef_1pct": 0.01,
    "ef_2pct": 0.02,
    "ef_5pct": 0.05,
    "ef_10pct": 0.1,
}
METRICS = ("auroc", "log_auc", "pr_auc", "bedroc_80p5", "bedroc_20", *FRACTIONS)
LOG_AUC_FLOOR = 0.001


class Evaluation(dict[str, float]):
    """Metric columns to values; `reason` says why they are NaN, and is empty where they are not.

    The columns are `METRICS` and, for each enrichment factor, ``<name>_max``: the greatest
    value that the list's numbers of actives and molecules allow.
    """

    reason: str = ""


def auroc(ranking: Ranking) -> float:
    """Area under the ROC curve: the chance that an active outranks a decoy, ties one half."""
    if ranking.undefined:
        return math.nan
    inactives = ranking.sizes - ranking.actives
    below = ranking.n_inactives - np.cumsum(inactives)
    wins = float(ranking.actives @ (below + 0.5 * inactives))
    return wins / (ranking.n_actives * ranking.n_inactives)


def log_auc(ranking: Ranking, floor: float = LOG_AUC_FLOOR) -> float:
    """Area under the ROC curve over log10 of the false-positive rate, from `floor` to 1, in [0, 1].

    Random ranking earns 0.1446 at the usual floor of 0.001; that is not subtracted here. The
    curve is the step function; within a tie of a actives and d decoys, the i-th decoy has
    ``a·i/(d+1)`` of those actives above it on average. Summed by its steps, each weighed with what
    of the axis lies right of it: a perfect list earns exactly 1, on any processor.
    """
    if ranking.undefined:
        return math.nan
    inactives = ranking.sizes - ranking.actives
    above = np.repeat(np.cumsum(ranking.actives) - ranking.actives, inactives)
    share = np.repeat(ranking.actives / (inactives + 1.0), inactives)
    start = np.repeat(np.cumsum(inactives) - inactives, inactives)
    place = np.arange(1, ranking.n_inactives + 1)
    tpr = (above + share * (place - start)) / ranking.n_actives
    right = np.log10(np.maximum(place[:-1] / ranking.n_inactives, floor)) / math.log10(floor)
    return float(tpr[0] + np.sum(right * np.diff(tpr)))


def pr_auc(ranking: Ranking) -> float:
    """Average precision: the mean over actives of the precision at their rank.

    At the i-th place (from 0) of a tie with a actives among m, given an active there, the
    places before it within the tie hold ``i·(a-1)/(m-1)`` actives on average.
    """
    if ranking.undefined:
        return math.nan
    before = np.repeat(np.cumsum(ranking.actives) - ranking.actives, ranking.sizes)
    others = (ranking.actives - 1) / np.maximum(ranking.sizes - 1, 1)
    within = ranking.position * np.repeat(others, ranking.sizes)
    precision = (before + 1 + within) / np.arange(1, ranking.n + 1)
    return float(ranking.expected @ precision) / ranking.n_actives


def bedroc(ranking: Ranking, alpha: float = 80.5) -> float:
    """Boltzmann-enhanced discrimination of ROC (Truchon and Bayly 2007), in [0, 1].

    At `alpha` 80.5 the first 2 % of the list make 80 % of the score; at 20, the first 8 %.
    """
    if ranking.undefined:
        return math.nan
    n, ratio = ranking.n, ranking.n_actives / ranking.n
    weights = np.exp(-alpha * np.arange(1, n + 1) / n)
    mean = -math.expm1(-alpha) / math.expm1(alpha / n) / n
    rie = float(ranking.expected @ weights) / (ranking.n_actives * mean)
    best = math.expm1(-alpha * ratio) / (ratio * math.expm1(-alpha))
    worst = math.expm1(alpha * ratio) / (ratio * math.expm1(alpha))
    return (rie - worst) / (best - worst)


def cut(n: int, fraction: float) -> int:
    """Molecules in the first `fraction` of `n`, rounded up; 7 for 7 % of 100 despite binary."""
    return max(1, math.ceil(n * fraction - 1e-9))


def ef(ranking: Ranking, fraction: float) -> float:
    """Enrichment factor: density of actives in the first `fraction` over that in the whole list."""
    if ranking.undefined:
        return math.nan
    top = cut(ranking.n, fraction)
    return float(ranking.expected[:top].sum()) / top * ranking.n / ranking.n_actives


def ef_max(ranking: Ranking, fraction: float) -> float:
    """Return the greatest `ef` that this many actives among this many molecules allow."""
    if ranking.undefined:
        return math.nan
    top = cut(ranking.n, fraction)
    return min(top, ranking.n_actives) / top * ranking.n / ranking.n_actives


def evaluate_ranking(ranking: Ranking) -> Evaluation:
    """All metrics of a ranking; see `evaluate`."""
    found = Evaluation(
        auroc=auroc(ranking),
        log_auc=log_auc(ranking),
        pr_auc=pr_auc(ranking),
        bedroc_80p5=bedroc(ranking, 80.5),
        bedroc_20=bedroc(ranking, 20.0),
    )
    found.update({name: ef(ranking, fraction) for name, fraction in FRACTIONS.items()})
    found.update({f"{name}_max": ef_max(ranking, f) for name, f in FRACTIONS.items()})
    found.reason = ranking.undefined
    return found


def evaluate(scores: npt.ArrayLike, is_active: npt.ArrayLike) -> Evaluation:
    """All metrics of one screen, ties by expectation.

    Parameters
    ----------
    scores
        One score a molecule, higher is better, shape ``[n]``.
    is_active
        True for actives, shape ``[n]``.

    Returns
    -------
    Evaluation
        A dict of the columns `METRICS` and ``ef_…_max``. Without actives, or without decoys,
        every value is NaN and ``.reason`` says why.

    Raises
    ------
    InputError
        On NaN among the scores, or where the shapes differ.

    Examples
    --------
    >>> found = evaluate([3.0, 2.0, 2.0, 1.0], [True, False, True, False])
    >>> found["auroc"]
    0.875
    """
    return evaluate_ranking(rank(scores, is_active))
