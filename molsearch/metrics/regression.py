"""Two small models: a ridge regression with the residuals of held-out targets, and a logistic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS, _HALVINGS = 100, 40
_CHORDS, _NEAR = 30, 1e-7
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


@dataclass(frozen=True)
class Fit:
    """A logistic regression that can be made anew of rows of which one is another.

    Parameters are those of `logistic`.
    """

    design: Floats
    labels: NDArray[np.bool_]
    weight: float
    weights: Floats

    @cached_property
    def coefficients(self) -> Floats:
        """As `logistic` finds them, ``[f]``."""
        return logistic(self.design, self.labels, self.weight, weights=self.weights)

    def without(self, row: int, others: Floats) -> Floats:
        """Coefficients with each of several rows in the place of one, ``[m, f]``.

        All are found together, by steps with the curvature of the fit to the rows as they are,
        which one row changes little; a fit that these steps do not reach is made by itself.

        Parameters
        ----------
        row
            Which row is another.
        others
            What stands in its place, ``[m, f]``.
        """
        rest = self.weights.copy()
        rest[row] = 0.0
        found = np.tile(self.coefficients, (len(others), 1))
        moved = np.full(len(others), np.inf)
        for _ in range(_CHORDS):
            odds = sigmoid(self.design @ found.T)
            gaps = rest[:, None] * (self.labels[:, None] - odds)
            own = self.weights[row] * (
                float(self.labels[row]) - sigmoid((others * found).sum(axis=1))
            )
            gradients = gaps.T @ self.design + own[:, None] * others - found @ self._penalty
            steps = gradients @ self._inverse
            found = found + steps
            moved = np.abs(steps).max(axis=1)
            if moved.max() <= _NEAR:
                return found
        for number in np.flatnonzero(~(moved <= _NEAR)):
            rows = self.design.copy()
            rows[row] = others[number]
            found[number] = logistic(rows, self.labels, self.weight, weights=self.weights)
        return found

    @cached_property
    def _penalty(self) -> Floats:
        found = self.weight * np.eye(self.design.shape[1])
        found[0, 0] = _TINY
        return np.asarray(found, np.float64)

    @cached_property
    def _inverse(self) -> Floats:
        p = sigmoid(self.design @ self.coefficients)
        spread = self.weights * p * (1 - p)
        curvature = (self.design * spread[:, None]).T @ self.design + self._penalty
        return np.asarray(np.linalg.inv(curvature), np.float64)


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
