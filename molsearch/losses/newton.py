"""Second-order dual solver: semismooth Newton with a line search, convergent from anywhere."""

from __future__ import annotations

import torch
from torch import Tensor

from molsearch.losses.duals import Dual

_DECREASE = 1e-4
_HALVINGS = 30


def solve_newton(
    dual: Dual, potentials: Tensor, tolerance: float, max_iterations: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Damped Newton on the dual, all problems of the batch in step.

    The dual is convex with a piecewise linear (smooth plan) or analytic (entropic plan)
    gradient, so full steps end in few iterations; Armijo halving makes them global. One
    Cholesky factor an iteration, ``n^3 / 3``.

    Returns
    -------
    potentials, plan, iterations, marginal_error
        As `molsearch.losses.fixed_point.solve_fixed_point`.
    """
    iterations = torch.zeros(len(potentials), dtype=torch.int64, device=potentials.device)
    for step in range(max_iterations + 1):
        plan = dual.plan(potentials)
        excess = plan.sum(2) - 1
        error = excess.abs().amax(1)
        going = ~(error <= tolerance)
        if step == max_iterations or not bool(going.any()):
            break
        direction = _direction(dual.curvature(plan), excess, error)
        moved = _line_search(dual, potentials, direction, excess, dual.value(plan, potentials))
        if torch.equal(moved, potentials):  # rounding is all that is left
            plan = dual.plan(potentials)
            break
        iterations += going
        potentials = torch.where(going[:, None], moved, potentials)
    return potentials, plan, iterations, error


def _direction(curvature: Tensor, excess: Tensor, error: Tensor) -> Tensor:
    """``-H^-1 excess``; H gets a ridge that fades with the error, for bipartite patterns."""
    scale = curvature.diagonal(dim1=1, dim2=2).mean(1)
    ridge = scale * (1e-3 * error.clamp_max(1.0) + 1e2 * torch.finfo(error.dtype).eps)
    for _ in range(12):
        factor, failed = torch.linalg.cholesky_ex(_with_ridge(curvature, ridge))
        if not bool(failed.any()):
            break
        ridge = torch.where(failed > 0, ridge * 10, ridge)
    return -torch.cholesky_solve(excess[:, :, None], factor)[:, :, 0]


def _with_ridge(curvature: Tensor, ridge: Tensor) -> Tensor:
    shifted = curvature.clone()
    shifted.diagonal(dim1=1, dim2=2).add_(ridge[:, None])
    return shifted


def _line_search(
    dual: Dual, potentials: Tensor, direction: Tensor, excess: Tensor, value: Tensor
) -> Tensor:
    """Largest step of 1, 1/2, 1/4 … that lowers each problem's dual enough; else none."""
    slope = (direction * excess).sum(1)
    rounding = 8 * torch.finfo(value.dtype).eps * (value.abs() + potentials.abs().sum(1))
    size = torch.ones_like(value)
    for _ in range(_HALVINGS):
        trial = potentials + size[:, None] * direction
        accepted = (
            dual.value(dual.plan(trial), trial) <= value + _DECREASE * size * slope + rounding
        )
        if bool(accepted.all()):
            return trial
        size = torch.where(accepted, size, size / 2)
    return torch.where(accepted[:, None], trial, potentials)
