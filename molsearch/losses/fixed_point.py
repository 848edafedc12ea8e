"""First-order dual solver: quasi-Newton fixed point, accelerated by Anderson's secant step."""

from __future__ import annotations

import torch
from torch import Tensor

from molsearch.losses.duals import Dual


def solve_fixed_point(
    dual: Dual, tolerance: float, max_iterations: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Iterate the dual's correction until every row sum is within `tolerance` of one.

    Anderson acceleration of depth one [1]_: the last two corrections are combined so that
    their combination is shortest. No line search, so convergence is likely (quadratic costs
    of embeddings) but not certain; `solve_newton` takes what is left.

    References
    ----------
    .. [1] Walker and Ni, https://doi.org/10.1137/10078356X

    Returns
    -------
    potentials, plan, iterations, marginal_error
        ``[b, n]``, ``[b, n, n]``, ``[b]`` and ``[b]``; a converged problem stays as it is
        while the others go on.
    """
    potentials = dual.start()
    iterations = torch.zeros(len(potentials), dtype=torch.int64, device=potentials.device)
    single = len(potentials) == 1
    previous: tuple[Tensor, Tensor] | None = None
    for step in range(max_iterations + 1):
        plan = dual.plan(potentials)
        excess = plan.sum(2).sub_(1)
        error = torch.linalg.vector_norm(excess, torch.inf, dim=1)
        if step == max_iterations or all(e <= tolerance for e in error.tolist()):
            break
        correction = dual.correction(plan, excess)
        target = potentials - correction
        moved = target if previous is None else _secant(correction, target, *previous)
        previous = correction, target
        going = ~(error <= tolerance)  # a NaN error goes on
        iterations += going
        potentials = moved if single else torch.where(going[:, None], moved, potentials)
    return potentials, plan, iterations, error


def _secant(correction: Tensor, target: Tensor, old: Tensor, old_target: Tensor) -> Tensor:
    change = correction - old
    length = torch.linalg.vecdot(change, change)
    # The tiny term keeps a problem at its fixed point, where both corrections are equal.
    share = torch.linalg.vecdot(change, correction) / (length + torch.finfo(change.dtype).tiny)
    return torch.lerp(target, old_target, share[:, None])
