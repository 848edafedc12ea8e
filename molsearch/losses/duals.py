r"""The two regularised transport problems as unconstrained problems in one potential.

For a symmetric cost both potentials are equal: the plan is unique and its transpose is
feasible at the same price, so it is symmetric, and potentials may be averaged. With scaled
distances D the plan is a function of :math:`x_{ij} = w_i + w_j - D_{ij}` and *w* minimises
:math:`\frac12 \sum_{ij} \psi(x_{ij}) - \sum_i w_i`, whose gradient is the row sums minus one.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Dual(Protocol):
    """What a solver asks of a problem; all tensors are batched, ``[b, n]`` or ``[b, n, n]``."""

    distances: Tensor

    def start(self) -> Tensor:
        """Potentials near the solution, for most problems."""

    def safe_start(self) -> Tensor:
        """Potentials from which Newton's method cannot empty a row of the plan."""

    def plan(self, potentials: Tensor) -> Tensor:
        """Plan at the potentials; the buffer is overwritten by the next call."""

    def correction(self, plan: Tensor, excess: Tensor) -> Tensor:
        """Quasi-Newton step that would cancel the rows' `excess` over one (to subtract)."""

    def curvature(self, plan: Tensor) -> Tensor:
        """Hessian of the dual, a new tensor."""

    def value(self, plan: Tensor, potentials: Tensor) -> Tensor:
        """Dual objective ``[b]`` (to be minimised)."""


def _affine(distances: Tensor, potentials: Tensor, out: Tensor) -> Tensor:
    torch.sub(potentials[:, None, :], distances, out=out)
    return out.add_(potentials[:, :, None])


class SmoothDual:
    r"""Squared 2-norm: :math:`P = [x]_+`, :math:`\psi = [x]_+^2 / 2`; sparse plans.

    Its Hessian is ``diag(degrees) + A`` with A the 0/1 pattern of the plan. Replacing A by
    its expectation given the degrees, ``d d^T / sum(d)``, makes the inverse a division and a
    mean; the spectrum of the true Hessian against that model lies in (0, 2], around one for
    what is not cluster structure, so steps of 0.8 contract.
    """

    _STEP = 0.8
    _START_ROWS, _START_STEPS = 16, 3

    def __init__(self, distances: Tensor) -> None:
        self.distances = distances
        self._buffer = torch.empty_like(distances)
        self._pattern = torch.empty_like(distances)

    def start(self) -> Tensor:
        """One common potential, from scalar Newton steps on some of the rows."""
        n_batch, n, _ = self.distances.shape
        rows = self.distances[:, :: max(1, n // self._START_ROWS)]
        # No potential exceeds one half (the diagonal of D is zero, that of P at most one):
        # from there Newton on the convex mean row sum descends and never passes its root,
        # so some entry stays active.
        level = rows.new_full((n_batch, 1, 1), 0.5)
        for _ in range(self._START_STEPS):
            active = (2 * level - rows).relu_()
            count = active.sign().sum((1, 2), keepdim=True)
            level = level - (active.sum((1, 2), keepdim=True) - rows.shape[1]) / (2 * count)
        return level[:, 0].expand(n_batch, n).clone()

    def safe_start(self) -> Tensor:
        """One half: every diagonal entry is active.

        Row sums are convex in the potentials and a Newton step sets their linearisation to
        one, so a row that has an entry keeps one: no step meets a flat dual.
        """
        return torch.full_like(self.distances[:, 0], 0.5)

    def plan(self, potentials: Tensor) -> Tensor:
        """``[w_i + w_j - D_ij]_+``."""
        return _affine(self.distances, potentials, self._buffer).relu_()

    def correction(self, plan: Tensor, excess: Tensor) -> Tensor:
        """Step against the degree model of the Hessian."""
        degrees = torch.sign(plan, out=self._pattern).sum(2).clamp_min_(1)
        mean = excess.sum(1, keepdim=True).div_(degrees.sum(1, keepdim=True)).mul_(0.5)
        return (excess / degrees).sub_(mean).mul_(self._STEP)

    def curvature(self, plan: Tensor) -> Tensor:
        """``diag(degrees) + A``."""
        pattern = plan.sign()
        degrees = pattern.sum(2)
        # A row without entries has no curvature; two is that of its diagonal entry alone.
        pattern.diagonal(dim1=1, dim2=2).add_(degrees + 2.0 * (degrees == 0))
        return pattern

    def value(self, plan: Tensor, potentials: Tensor) -> Tensor:
        """``sum(P^2) / 4 - sum(w)``."""
        return plan.square().sum((1, 2)) / 4 - potentials.sum(1)


class EntropicDual:
    r"""Entropy: :math:`P = \psi = e^x`; dense plans. Works in the log domain."""

    # Sinkhorn's symmetric update halves the log row sum. The diagonal dominates the plan of
    # a positive definite kernel, the Hessian's spectrum is within [1, 2]: 2/3 contracts more.
    _STEP = 2 / 3

    def __init__(self, distances: Tensor) -> None:
        self.distances = distances
        self._buffer = torch.empty_like(distances)

    def start(self) -> Tensor:
        """Half the negative log row sums of the kernel ``exp(-D)``."""
        return -0.5 * (-self.distances).logsumexp(2)

    def safe_start(self) -> Tensor:
        """As `start`: no entry is ever zero."""
        return self.start()

    def plan(self, potentials: Tensor) -> Tensor:
        """``exp(w_i + w_j - D_ij)``."""
        return _affine(self.distances, potentials, self._buffer).exp_()

    def correction(self, plan: Tensor, excess: Tensor) -> Tensor:
        """Damped Sinkhorn update, ``2/3 log(row sum)``."""
        tiny = torch.finfo(excess.dtype).eps
        return self._STEP * (excess + 1).clamp_min(tiny).log()

    def curvature(self, plan: Tensor) -> Tensor:
        """``diag(row sums) + P``."""
        curvature = plan.clone()
        curvature.diagonal(dim1=1, dim2=2).add_(plan.sum(2))
        return curvature

    def value(self, plan: Tensor, potentials: Tensor) -> Tensor:
        """``sum(P) / 2 - sum(w)``."""
        return plan.sum((1, 2)) / 2 - potentials.sum(1)
