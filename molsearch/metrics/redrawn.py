"""What the numbers of one target are worth: its molecules drawn anew, with replacement.

Intervals over targets (`metrics.bootstrap`) say what a mean would have been on other targets. A
single target has no others; what is left open there is which of its molecules were tested.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from molsearch.errors import InputError
from molsearch.metrics.enrichment import auroc, bedroc, ef
from molsearch.metrics.ranking import Ranking, rank

METRICS = ("auroc", "bedroc_80p5", "ef_1pct")
N_DRAWS = 200

Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


def molecule_bounds(
    screens: Sequence[tuple[npt.NDArray[np.floating], Mask]],
    labels: Mask,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> dict[str, tuple[float, float]]:
    """Bounds of a target's metrics over draws of its molecules.

    Actives are drawn once for all queries, because the queries rank the same ones; inactives,
    which are many, for each query by itself.

    Parameters
    ----------
    screens
        One pair a query ranked alone, or one pair for all queries fused: scores ``[n]``, higher
        is better, and which molecules are ranked ``[n]``.
    labels
        True for actives, ``[n]``.

    Returns
    -------
    dict
        (low, high) of the mean over the screens, by `METRICS`; empty with fewer than two actives
        or inactives, which no draw can vary, or where nothing of one kind is ranked.

    Raises
    ------
    InputError
        On NaN among the scores, or where the shapes differ.
    """
    if any(np.shape(s) != labels.shape or np.shape(k) != labels.shape for s, k in screens):
        raise InputError("scores, labels and what is ranked must be of one length")
    n_actives = int(labels.sum())
    if not screens or min(n_actives, labels.size - n_actives) < 2:
        return {}
    generator = np.random.default_rng(seed)
    times = generator.multinomial(n_actives, np.full(n_actives, 1 / n_actives), size=n_draws)
    values = np.array([_draws(s, kept, labels, times, generator) for s, kept in screens])
    known = np.isfinite(values)
    if not known.any(axis=(0, 1)).all():
        return {}
    total = np.where(known, values, 0.0).sum(axis=0)
    means = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(means, [tail, 1 - tail], axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(METRICS)}


def _draws(
    scores: npt.NDArray[np.floating],
    kept: Mask,
    labels: Mask,
    times: Counts,
    generator: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Metrics of each draw, ``[n_draws, n_metrics]``; `times` counts each active's copies."""
    place, inactives = _condensed(scores[kept], labels[kept])
    copies = times[:, kept[labels]]
    n_inactives = int(inactives.sum())
    if not n_inactives:
        return np.full((len(times), len(METRICS)), np.nan)
    drawn = generator.multinomial(n_inactives, inactives / n_inactives, size=len(times))
    found = np.empty((len(times), len(METRICS)))
    for row, (copy, others) in enumerate(zip(copies, drawn, strict=True)):
        actives = np.bincount(place, weights=copy, minlength=inactives.size).astype(np.int64)
        sizes = actives + others
        ranking = Ranking(sizes[sizes > 0], actives[sizes > 0])
        found[row] = auroc(ranking), bedroc(ranking, 80.5), ef(ranking, 0.01)
    return found


def _condensed(scores: npt.NDArray[np.floating], labels: Mask) -> tuple[Counts, Counts]:
    """Put inactives between two actives into one group: no metric depends on their order.

    Returns
    -------
    place, inactives
        Group of each active ``[n_actives]``, best group first, and inactives of each group.
    """
    ranking = rank(scores, labels)
    has_actives = ranking.actives > 0
    # A group with actives stands alone; each run of groups without any is one.
    starts = has_actives | np.r_[True, has_actives[:-1]]
    group = np.cumsum(starts) - 1
    inactives = np.bincount(group, weights=ranking.sizes - ranking.actives).astype(np.int64)
    place = np.empty(ranking.n_actives, dtype=np.int64)
    place[np.argsort(-scores[labels], kind="stable")] = np.repeat(group, ranking.actives)
    return place, inactives
