"""Soft labels by regularised optimal transport with unit marginals, on the training device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor

from molsearch.errors import UsageError
from molsearch.losses.duals import Dual, EntropicDual, SmoothDual
from molsearch.losses.fixed_point import solve_fixed_point
from molsearch.losses.newton import solve_newton
from molsearch.losses.plan import (
    TransportPlan,
    precise_dtype,
    scaled_distances,
    transport_cost,
)

Kind = Literal["smooth", "entropic"]
Solver = Literal["fixed_point", "newton"]

_DUALS: dict[str, Callable[[Tensor], Dual]] = {"smooth": SmoothDual, "entropic": EntropicDual}
_TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-9}
_MAX_FIXED_POINT = 60
_MAX_NEWTON = 100
# Up to this many rows one thread is faster than waking and joining others for every pass,
# and many times faster on a busy machine.
_ONE_THREAD_ROWS = 512


def soft_labels(
    embeddings: Tensor,
    *,
    temperature: float = 1.0,
    regularisation: float = 5.0,
    kind: Kind = "smooth",
    dtype: torch.dtype = torch.float32,
) -> TransportPlan:
    """Soft labels of a batch of unlabelled molecules, from the supervised encoder.

    The plan of least cost ``C = 1 - F F^T / temperature``. Only the product
    ``temperature * regularisation`` matters, and the same product means more neighbours in a
    larger batch: `molsearch.losses.neighbours.regularisation_for` finds the one that keeps
    their number.

    References
    ----------
    .. [1] S-MolSearch, soft labels: https://arxiv.org/abs/2409.07462
    .. [2] Smooth and sparse optimal transport: https://arxiv.org/abs/1710.06276

    Parameters
    ----------
    embeddings
        ``[..., n, d]``, unit length; gathered over processes for a global plan.

    Returns
    -------
    TransportPlan
        Plan ``[..., n, n]`` of `dtype`, without gradient.

    Examples
    --------
    >>> rows = torch.eye(3)[[0, 0, 1]]  # the first two are duplicates
    >>> soft_labels(rows, regularisation=0.5).plan
    tensor([[0.5000, 0.5000, 0.0000],
            [0.5000, 0.5000, 0.0000],
            [0.0000, 0.0000, 1.0000]])
    """
    solve = smooth_plan if kind == "smooth" else entropic_plan
    return solve(
        transport_cost(embeddings, temperature), regularisation=regularisation, dtype=dtype
    )


def smooth_plan(
    cost: Tensor,
    *,
    regularisation: float,
    method: Solver = "fixed_point",
    dtype: torch.dtype = torch.float32,
    tolerance: float | None = None,
    max_iterations: int | None = None,
) -> TransportPlan:
    r"""Plans of least ``<C, P> + regularisation / 2 |P|_F^2`` with unit marginals.

    :math:`P_{ij} = [a_i + a_j - C_{ij}]_+ / \lambda`: sparse, the nearer the identity the
    smaller the regularisation.

    Parameters
    ----------
    cost
        ``[..., n, n]`` symmetric, finite; problems of a batch are solved together.
    method
        ``"fixed_point"``: quasi-Newton steps with Anderson acceleration, about ten passes
        over the matrix; what they leave unconverged goes to Newton in float64.
        ``"newton"``: semismooth Newton from the start, for reference.
    dtype
        Precision of the iterations and of the plan; scaling is done in that of `cost`.
    tolerance
        Largest allowed error of a row sum; default 1e-5 in float32, 1e-9 in float64.
    max_iterations
        Of `method`; default 60 or 100.

    Returns
    -------
    TransportPlan
        Without gradient. Check or log its `converged`.

    Raises
    ------
    UsageError
        On a cost that is not square, symmetric and finite, or a regularisation <= 0.
    """
    with _threads_for(cost), _full_precision(cost):
        return _solve("smooth", cost, regularisation, method, dtype, tolerance, max_iterations)


def entropic_plan(
    cost: Tensor,
    *,
    regularisation: float,
    method: Solver = "fixed_point",
    dtype: torch.dtype = torch.float32,
    tolerance: float | None = None,
    max_iterations: int | None = None,
) -> TransportPlan:
    """Plans of least ``<C, P> + regularisation sum P (log P - 1)`` with unit marginals.

    Dense plans. ``"fixed_point"`` is Sinkhorn's iteration in the log domain, symmetric,
    damped and accelerated. Parameters and errors as in `smooth_plan`.

    References
    ----------
    .. [1] Cuturi 2013, https://arxiv.org/abs/1306.0895
    .. [2] Symmetric Sinkhorn: Feydy et al. 2019, https://arxiv.org/abs/1810.08278
    """
    with _threads_for(cost), _full_precision(cost):
        return _solve("entropic", cost, regularisation, method, dtype, tolerance, max_iterations)


@contextmanager
def _threads_for(cost: Tensor) -> Iterator[None]:
    threads = torch.get_num_threads()
    few = cost.device.type == "cpu" and cost.shape[-1:] <= (_ONE_THREAD_ROWS,) and threads > 1
    if not few:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _full_precision(cost: Tensor) -> torch.autocast:
    """Switch autocast off: matrix products and dot products of a solver must not be bfloat16."""
    return torch.autocast(cost.device.type, enabled=False)


@torch.no_grad()
def _solve(
    kind: Kind,
    cost: Tensor,
    regularisation: float,
    method: Solver,
    dtype: torch.dtype,
    tolerance: float | None,
    max_iterations: int | None,
) -> TransportPlan:
    if dtype not in _TOLERANCE:
        raise UsageError(f"dtype must be float32 or float64, got {dtype}")
    tolerance = _TOLERANCE[dtype] if tolerance is None else tolerance
    dual = _DUALS[kind](scaled_distances(cost, regularisation, dtype))
    if method == "newton":
        limit = _MAX_NEWTON if max_iterations is None else max_iterations
        _, plan, iterations, error = solve_newton(dual, dual.safe_start(), tolerance, limit)
    elif method == "fixed_point":
        limit = _MAX_FIXED_POINT if max_iterations is None else max_iterations
        potentials, plan, iterations, error = solve_fixed_point(dual, tolerance, limit)
        left = (~(error <= tolerance)).nonzero()[:, 0]
        if len(left) and max_iterations is None:
            # Rounding or an awkward pattern: finish with Newton at full precision.
            finish = cost.reshape(-1, *cost.shape[-2:])[left].to(precise_dtype(cost))
            rest = _DUALS[kind](scaled_distances(finish, regularisation, finish.dtype))
            usable = (plan[left].sum(2) > 0).all(1, keepdim=True)  # false for NaN
            begin = torch.where(usable, potentials[left].to(finish.dtype), rest.safe_start())
            _, solved, extra, rest_error = solve_newton(rest, begin, tolerance, _MAX_NEWTON)
            plan[left] = solved.to(dtype)
            iterations[left] += extra
            error[left] = rest_error.to(dtype)
    else:
        raise UsageError(f"method must be 'fixed_point' or 'newton', got {method!r}")
    shape = cost.shape[:-2]
    return TransportPlan(
        plan=plan.reshape(cost.shape),
        iterations=iterations.reshape(shape),
        marginal_error=error.reshape(shape),
        converged=(error <= tolerance).reshape(shape),
    )
