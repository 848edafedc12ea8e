"""Bayes enrichment factor of BayesBind: enrichment over random compounds, without decoys.

``EF^B(x) = P(score ≥ t | active) / P(score ≥ t | random)``, t being the score that a share x of
random compounds reaches (Brocidiacono, Popov, Tropsha, arXiv 2403.10478). Random compounds need
not be inactive, so no property-matched decoys have to be trusted; and its ceiling is 1/x, not
the ratio of decoys to actives.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from molsearch.metrics.enrichment import cut
from molsearch.metrics.ranking import rank


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


def ef_bayes_max(actives: npt.ArrayLike, background: npt.ArrayLike) -> float:
    """Greatest `ef_bayes` over all thresholds that at least one random compound reaches.

    A maximum over noisy values flatters small samples: give its interval beside it.
    """
    reached, random, n_actives, n_random = _tails(actives, background)
    if not n_actives or not n_random:
        return math.nan
    known = random > 0
    return float((reached[known] * n_random / random[known]).max())
