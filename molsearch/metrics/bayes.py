"""Bayes enrichment factor of BayesBind: enrichment over random compounds, without decoys.

``EF^B(x) = P(score ≥ t | active) / P(score ≥ t | random)``, t being the score that a share x of
random compounds reaches (Brocidiacono, Popov, Tropsha, arXiv 2403.10478). Random compounds need
not be inactive, so no property-matched decoys have to be trusted; and its ceiling is 1/x, not
the ratio of decoys to actives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from molsearch.metrics.enrichment import cut
from molsearch.metrics.ranking import rank

N_DRAWS = 500
_BLOCK = 50  # draws made at a time


def _tails(
    actives: npt.ArrayLike, background: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], int, int]:
    """Share of actives and number of random compounds that reach each distinct score."""
    first, second = np.asarray(actives, np.float64), np.asarray(background, np.float64)
    labels = np.r_[np.ones(first.size, bool), np.zeros(second.size, bool)]
    ranking = rank(np.r_[first, second], labels)
    reached = np.cumsum(ranking.actives) / max(first.size, 1)
    return reached, np.cumsum(ranking.sizes - ranking.actives), first.size, second.size


def ef_bayes(actives: npt.ArrayLike, background: npt.ArrayLike, fraction: float) -> float:
    """Bayes enrichment at the score that `fraction` of the random compounds reach.

    Ties count on both sides of the quotient, so constant scores earn exactly 1.

    Parameters
    ----------
    actives
        Scores of the actives, higher is better.
    background
        Scores of random compounds.

    Returns
    -------
    float
        NaN without actives or without random compounds.

    Raises
    ------
    InputError
        On NaN among the scores.
    """
    reached, random, n_actives, n_random = _tails(actives, background)
    if not n_actives or not n_random:
        return math.nan
    place = int(np.searchsorted(random, cut(n_random, fraction)))
    return float(reached[place] * n_random / random[place])


def ef_bayes_max(actives: npt.ArrayLike, background: npt.ArrayLike) -> tuple[float, float]:
    """Greatest `ef_bayes` over all thresholds that at least one random compound reaches.

    A maximum over noisy values flatters small samples: give its interval beside it.

    Returns
    -------
    (enrichment, share of the random compounds that reach its threshold); NaN without actives or
    without random compounds.
    """
    reached, random, n_actives, n_random = _tails(actives, background)
    if not n_actives or not n_random:
        return math.nan, math.nan
    known = random > 0
    ratios = reached[known] * n_random / random[known]
    best = int(ratios.argmax())
    return float(ratios[best]), float(random[known][best] / n_random)


def ef_bayes_draws(
    actives: npt.ArrayLike,
    background: npt.ArrayLike,
    fractions: Sequence[float],
    *,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> npt.NDArray[np.float64]:
    """Draw actives and random compounds anew, with replacement, and compute the metrics again.

    The spread of the draws is what the numbers of molecules leave open: BayesBind gives the 2.5
    and 97.5 percentiles of such draws as interval.

    Parameters
    ----------
    actives, background
        Scores, higher is better.
    fractions
        Shares of random compounds, as of `ef_bayes`.

    Returns
    -------
    float64 ``[n_draws, n_fractions + 1]``: `ef_bayes` at each fraction, then `ef_bayes_max`; NaN
    without actives or without random compounds.

    Raises
    ------
    InputError
        On NaN among the scores.
    """
    first, second = np.asarray(actives, np.float64), np.asarray(background, np.float64)
    rank(np.r_[first, second], np.zeros(first.size + second.size, bool))  # refuses NaN
    if not first.size or not second.size:
        return np.full((n_draws, len(fractions) + 1), math.nan)
    levels, group = np.unique(-np.r_[first, second], return_inverse=True)
    generator = np.random.default_rng(seed)
    found = []
    for start in range(0, n_draws, _BLOCK):
        size = min(_BLOCK, n_draws - start)
        reached = _drawn(group[: first.size], levels.size, size, generator) / first.size
        random = _drawn(group[first.size :], levels.size, size, generator)
        found.append(_of_draws(reached, random, second.size, fractions))
    return np.concatenate(found)


def _drawn(
    group: npt.NDArray[np.intp], n_levels: int, n_draws: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Count how many of a new draw reach each level, best first, ``[n_draws, n_levels]``."""
    drawn = group[generator.integers(0, group.size, (n_draws, group.size))]
    drawn += n_levels * np.arange(n_draws)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=n_draws * n_levels)
    return np.cumsum(counts.reshape(n_draws, n_levels), axis=1)


def _of_draws(
    reached: npt.NDArray[np.float64],
    random: npt.NDArray[np.int64],
    n_random: int,
    fractions: Sequence[float],
) -> npt.NDArray[np.float64]:
    known = random > 0
    ratios = np.where(known, reached * n_random / np.maximum(random, 1), 0.0)
    rows = np.arange(len(ratios))
    at = [ratios[rows, (random >= cut(n_random, x)).argmax(axis=1)] for x in fractions]
    return np.column_stack([*at, ratios.max(axis=1)])
