"""Two small models: a ridge regression with the residuals of held-out targets, and a logistic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS, _HALVINGS = 100, 40
_TINY = 1e-9


def ridge(design: Floats, values: Floats, weight: float) -> Floats:
    """Coefficients ``[f + 1]``, the intercept first, which is not shrunk.

    Parameters
    ----------
    design
        Standardised features ``[n, f]``.
    weight
        Of the penalty, in rows.
    """
    full = np.column_stack([np.ones(len(design)), design])
    penalty = weight * np.eye(full.shape[1])
    penalty[0, 0] = 0.0
    return np.asarray(np.linalg.solve(full.T @ full + penalty, full.T @ values), np.float64)


def quantile_of_targets(residuals: Floats, targets: NDArray[np.integer], share: float) -> float:
    """Quantile of residuals in which every target weighs the same.

    Conservative: with m targets the share counts as ``(m + 1) / m`` of itself away from the middle.
    """
    names, counts = np.unique(targets, return_counts=True)
    m = len(names)
    outer = min(1.0, abs(share - 0.5) * (m + 1) / m)
    share = 0.5 + np.sign(share - 0.5) * min(outer, 0.5)
    weights = 1.0 / counts[np.searchsorted(names, targets)] / m
    order = np.argsort(residuals)
    reached = np.cumsum(weights[order])
    place = int(np.searchsorted(reached, share - _TINY))
    return float(residuals[order][min(place, len(order) - 1)])


def logistic(
    design: Floats,
    labels: NDArray[np.bool_],
    weight: float,
    start: Floats | None = None,
    *,
    weights: Floats | None = None,
) -> Floats:
    """Coefficients of a logistic regression with a ridge penalty, by Newton's method.

    Parameters
    ----------
    design
        With a first column of ones, which is not shrunk.
    start
        Coefficients that are near, of almost the same rows.
    weights
        How much each row counts; as one by default.
    """
    counts = np.ones(len(design)) if weights is None else weights
    n_columns = design.shape[1]
    penalty = weight * np.eye(n_columns)
    penalty[0, 0] = _TINY
    found = np.zeros(n_columns)
    share = np.clip(np.average(labels, weights=counts), _TINY, 1 - _TINY)
    found[0] = np.log(share / (1 - share))
    found = found if start is None else start.copy()
    loss = _loss(design, labels, counts, penalty, found)
    for _ in range(_STEPS):
        p = sigmoid(design @ found)
        gradient = design.T @ (counts * (labels - p)) - penalty @ found
        spread = counts * p * (1 - p)
        step = np.linalg.solve((design * spread[:, None]).T @ design + penalty, gradient)
        # A whole step may lead beyond the minimum, and further still from there.
        for _ in range(_HALVINGS):
            new = _loss(design, labels, counts, penalty, found + step)
            if new <= loss:
                break
            step = step / 2
        else:
            return found
        found, gained, loss = found + step, loss - new, new
        if gained <= 1e-10 * abs(loss):
            return found
    raise RuntimeError("a logistic regression has not converged: scale its columns")


def _loss(
    design: Floats,
    labels: NDArray[np.bool_],
    counts: Floats,
    penalty: Floats,
    coefficients: Floats,
) -> float:
    odds = design @ coefficients
    fit = counts @ np.logaddexp(0.0, odds) - counts[labels] @ odds[labels]
    return float(fit + 0.5 * coefficients @ penalty @ coefficients)


def sigmoid(x: Floats) -> Floats:
    """``1 / (1 + exp(-x))`` without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def logit(p: Floats | float) -> Floats:
    """Log odds of a share."""
    p = np.asarray(p, dtype=np.float64)
    return np.log(p) - np.log1p(-p)
