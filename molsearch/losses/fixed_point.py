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
    previous: tuple[Tensor, Tensor] | None = None
    step = 0
    while True:
        plan = dual.plan(potentials)
        excess = plan.sum(2).sub_(1)
        error = excess.abs().amax(1)
        going = ~(error <= tolerance)  # a NaN error goes on
        if step == max_iterations or not bool(going.any()):
            return potentials, plan, iterations, error
        step += 1
        iterations += going
        correction = dual.correction(plan, excess)
        target = potentials - correction
        moved = target if previous is None else _secant(correction, target, *previous)
        previous = correction, target
        potentials = moved if len(moved) == 1 else torch.where(going[:, None], moved, potentials)


def _secant(correction: Tensor, target: Tensor, old: Tensor, old_target: Tensor) -> Tensor:
    change = correction - old
    length = torch.linalg.vecdot(change, change)
    # The tiny term keeps a problem at its fixed point, where both corrections are equal.
    share = torch.linalg.vecdot(change, correction) / (length + torch.finfo(change.dtype).tiny)
    return torch.lerp(target, old_target, share[:, None])
