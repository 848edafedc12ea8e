"""Intervals over targets: what a mean would have been had other targets been drawn.

Targets, not molecules, are the sample: a method's mean over 15 targets is known as badly as 15
numbers allow, however many molecules each holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from molsearch.errors import InputError

Floats = npt.NDArray[np.float64]
N_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over targets with its percentile bootstrap interval.

    Attributes
    ----------
    mean, low, high
        The mean and the bounds of the interval; NaN where no target has a value. One target
        says nothing of others: its bounds are NaN.
    n
        Targets that have a value.
    """

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """One method minus another on the same targets.

    Attributes
    ----------
    difference
        Mean difference with its interval.
    ratio
        Ratio of the two means with its interval.
    wins, losses
        Targets on which the first method is the better, the worse.
    p_not_better
        Share of the draws in which the first method is not better than the second.
    """

    difference: Interval
    ratio: Interval
    wins: int
    losses: int
    p_not_better: float


@lru_cache(maxsize=8)
def draws(n: int, *, seed: int = 0, n_draws: int = N_DRAWS) -> Floats:
    """Bootstrap weights, shape ``[n_draws, n]``; each row counts one resample, over n.

    The array is shared between calls and cannot be written to.
    """
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(n, np.full(n, 1.0 / n), size=n_draws) / n
    weights.flags.writeable = False
    return weights


def _bounds(values: Floats, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def interval(
    values: npt.ArrayLike, *, confidence: float = 0.95, seed: int = 0, n_draws: int = N_DRAWS
) -> Interval:
    """Mean of `values` (one a target; NaN left out) with its bootstrap interval."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if known.size == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    if known.size == 1:
        return Interval(float(known[0]), np.nan, np.nan, 1)
    low, high = _bounds(draws(known.size, seed=seed, n_draws=n_draws) @ known, confidence)
    return Interval(float(known.mean()), low, high, known.size)


def paired(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> PairedDifference:
    """Compare two methods target by target, drawing the same targets for both.

    Parameters
    ----------
    first, second
        One value a target in the same order, shape ``[n_targets]``; targets where either is NaN
        are left out of both.

    Raises
    ------
    InputError
        Where the shapes differ.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise InputError(
            f"paired comparison of {a.shape} with {b.shape} values: give both on the same targets"
        )
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if a.size == 0:
        nothing = Interval(np.nan, np.nan, np.nan, 0)
        return PairedDifference(nothing, nothing, 0, 0, np.nan)
    if a.size == 1:
        return _of_one(float(a[0]), float(b[0]))
    weights = draws(a.size, seed=seed, n_draws=n_draws)
    means_a, means_b = weights @ a, weights @ b
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = means_a / means_b
        ratio = float(np.float64(a.mean()) / b.mean())
    finite = ratios[np.isfinite(ratios)]
    bounds = _bounds(finite, confidence) if finite.size else (np.nan, np.nan)
    return PairedDifference(
        Interval(float((a - b).mean()), *_bounds(means_a - means_b, confidence), a.size),
        Interval(ratio, *bounds, a.size),
        wins=int((a > b).sum()),
        losses=int((a < b).sum()),
        p_not_better=float((means_a <= means_b).mean()),
    )


def _of_one(first: float, second: float) -> PairedDifference:
    ratio = first / second if second else np.nan
    return PairedDifference(
        Interval(first - second, np.nan, np.nan, 1),
        Interval(ratio, np.nan, np.nan, 1),
        wins=int(first > second),
        losses=int(first < second),
        p_not_better=np.nan,
    )
