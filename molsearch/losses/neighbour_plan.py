"""A transport plan between the molecules of a batch in which none goes to itself."""

from __future__ import annotations

import torch
from torch import Tensor

from molsearch.errors import UsageError
from molsearch.losses.duals import EntropicDual
from molsearch.losses.newton import solve_newton
from molsearch.losses.plan import TransportPlan, check_positive, precise_dtype

_TOLERANCE = 1e-6
_SINKHORN_STEPS = 10
_MAX_ITERATIONS = 60


def neighbour_plan(similarity: Tensor, epsilon: float) -> TransportPlan:
    r"""Entropic plan with unit marginals and an empty diagonal.

    .. math:: P^* = \arg\min_{P 1 = P^T 1 = 1,\; P_{ii} = 0}
              \langle -S, P \rangle + \varepsilon \sum_{ij} P_{ij} (\log P_{ij} - 1)

    With the diagonal in, a molecule's similarity to itself is its row's largest and takes
    nearly all mass, and the marginals bind nothing else. Without, a molecule that many are
    like must share itself among them: that is what the columns add to a row-wise softmax.
    S is symmetric, so one vector of potentials serves rows and columns. A few Sinkhorn updates,
    each averaged with the value before [1]_, come near; Newton's method on the dual ends in three
    or four steps where those updates need hundreds, or more than anybody waits for.

    References
    ----------
    .. [1] Knight, Ruiz, Uçar 2014, a symmetry preserving algorithm for matrix scaling,
       https://doi.org/10.1137/110825753

    Parameters
    ----------
    similarity
        ``[n, n]``, symmetric and finite, n >= 2; its diagonal is not looked at.
    epsilon
        Strength of the entropy, in the unit of `similarity`.

    Returns
    -------
    TransportPlan
        Plan ``[n, n]`` in float32, without gradient.

    Raises
    ------
    UsageError
        On another shape, values that are not finite, or an epsilon that is not positive.
    """
    check_positive("epsilon", epsilon)
    if similarity.ndim != 2 or len(similarity) < 2 or len(similarity) != similarity.shape[1]:
        raise UsageError(f"similarity must be [n, n] with n > 1, got {tuple(similarity.shape)}")
    scaled = similarity.detach().to(precise_dtype(similarity)) / epsilon
    if not bool(torch.isfinite(scaled).all()):
        raise UsageError("similarity holds NaN or infinite entries; check the teachers")
    distances = (-scaled).fill_diagonal_(torch.inf)
    potential = torch.zeros_like(distances[0])
    for _ in range(_SINKHORN_STEPS):
        potential = 0.5 * (potential - (potential - distances).logsumexp(1))
    with torch.autocast(scaled.device.type, enabled=False):
        _, plan, iterations, error = solve_newton(
            EntropicDual(distances[None]), potential[None], _TOLERANCE, _MAX_ITERATIONS
        )
    return TransportPlan(
        plan[0].float(),
        _SINKHORN_STEPS + iterations[0],
        error[0].float(),
        error[0] <= 10 * _TOLERANCE,
    )
