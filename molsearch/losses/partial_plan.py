"""Entropic transport plans in which some of the mass may go nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from molsearch.errors import UsageError
from molsearch.losses.column_potentials import ColumnPotentials
from molsearch.losses.plan import TransportPlan, check_positive, precise_dtype

_TOLERANCE = 1e-4  # of a marginal
_MAX_ITERATIONS = 1000
_CHECK_EVERY = 10
_WIDEST = 600.0  # beyond it the exponential of a float64 is nothing


def partial_plan(
    similarity: Tensor, epsilon: float, rows: Tensor, columns: Tensor, mass: float | None = None
) -> TransportPlan:
    r"""Plan that moves `mass`, no row or column giving or taking more than its share.

    .. math:: P^* = \arg\min_{P 1 \le a,\; P^T 1 \le b,\; 1^T P 1 = m}
              \langle -S, P \rangle + \varepsilon \sum_{ij} P_{ij} (\log P_{ij} - 1)

    Then :math:`P = \kappa\,u_i e^{S_{ij}/\varepsilon} v_j` with u, v <= 1 that are one where a
    row or column does not bind; each in turn is set so that its own constraint holds, which is
    coordinate ascent on the dual. POT's ``entropic_partial_wasserstein`` [1]_ is the reference.

    Parameters
    ----------
    similarity
        ``[n, m]``; an entry of minus infinity is one where nothing may go.
    epsilon
        Strength of the entropy, in the unit of `similarity`.
    rows, columns
        ``[n]`` and ``[m]``, positive: shares a and b.
    mass
        What is moved, at most the sum of either; None: all of the rows', to the last bit.

    Returns
    -------
    TransportPlan
        ``[n, m]`` in float32, without gradient; its error is the largest violation of an
        optimality condition, relative to the share concerned.

    References
    ----------
    .. [1] Benamou et al. 2015, https://arxiv.org/abs/1412.5154

    Raises
    ------
    UsageError
        On shapes, shares or a mass that do not fit, or an epsilon that is not positive.
    """
    kernel, a, b, _ = _problem(similarity, epsilon, rows, columns)
    scale, u, v, iterations, error = _scaled(_Dense(kernel), a, b, mass)
    return _found(scale * u[:, None] * kernel * v, iterations, error)


def partial_potentials(
    similarity: Tensor, epsilon: float, columns: Tensor, mass: float
) -> ColumnPotentials:
    """Solve `partial_plan` for rows of one each, and keep what belongs to its columns.

    Of a row that was not there when it was solved, too, its part of the plan follows from these:
    see `ColumnPotentials`.

    Parameters
    ----------
    similarity, epsilon, columns, mass
        As of `partial_plan`.

    Raises
    ------
    UsageError
        As `partial_plan` does.
    """
    rows = torch.ones_like(similarity[:, 0])
    kernel, a, b, top = _problem(similarity, epsilon, rows, columns)
    scale, _, v, _, error = _scaled(_Dense(kernel), a, b, mass)
    return ColumnPotentials((scale * v).log() - top, epsilon, bool(error <= _TOLERANCE))


def nearest_plan(similarity: Tensor, epsilon: float, k: int) -> TransportPlan:
    r"""Plan between n molecules and the k most similar of each among m others.

    Rows give one each, columns take at most one: a molecule that many are like must share itself
    among them. Of thousands of candidates those far away would, each with next to nothing,
    together take most of a row; so a row sees its k nearest alone.

    Parameters
    ----------
    similarity
        ``[n, m]``; an entry of minus infinity is one where nothing may go.
    epsilon
        Strength of the entropy, in the unit of `similarity`.

    Returns
    -------
    TransportPlan
        ``[n, m]``, as of `partial_plan` without a mass.

    Raises
    ------
    UsageError
        On a shape or k that does not fit, or an epsilon that is not positive.
    """
    if similarity.ndim != 2 or not 0 < k <= similarity.shape[1]:
        raise UsageError(
            f"a plan among nearest needs [n, m] similarity and at most m of them, got "
            f"{tuple(similarity.shape)} and {k}"
        )
    best = similarity.detach().topk(k, dim=1)
    ones = torch.ones_like(best.values[:, 0])
    kernel, a, *_ = _problem(best.values, epsilon, ones, torch.ones_like(best.values[0]))
    sparse = _Sparse(kernel, best.indices, similarity.shape[1])
    b = a.new_ones(similarity.shape[1])
    _, u, v, iterations, error = _scaled(sparse, a, b, None)
    entries = u[:, None] * kernel * v[best.indices]
    plan = kernel.new_zeros(similarity.shape).scatter_(1, best.indices, entries)
    return _found(plan, iterations, error)


def unbalanced_plan(
    similarity: Tensor, epsilon: float, rows: Tensor, columns: Tensor, relaxation: float
) -> TransportPlan:
    r"""Plan whose marginals may depart from the shares, at a price.

    .. math:: P^* = \arg\min_P \langle -S, P \rangle + \varepsilon\,KL(P \,|\, a b^T / 1^T b)
              + \rho\,KL(P 1 \,|\, a) + \rho\,KL(P^T 1 \,|\, b)

    A row gives less than its share where its similarities are below zero, and nearly nothing
    where they are far below: shift `similarity` by what a good one is. Sinkhorn's updates to a
    power contract [1]_; POT's ``sinkhorn_unbalanced`` is the reference.

    References
    ----------
    .. [1] Chizat et al. 2018, https://arxiv.org/abs/1607.05816

    Parameters
    ----------
    relaxation
        Price rho, in the unit of `similarity`. The rest as in `partial_plan`.

    Returns
    -------
    TransportPlan
        As `partial_plan`'s; its error is the largest relative change of a scaling.
    """
    check_positive("relaxation", relaxation)
    kernel, a, b, _ = _problem(similarity, epsilon, rows, columns, shifted=False)
    kernel = kernel * a[:, None] * (b / b.sum())
    power = relaxation / (relaxation + epsilon)

    def cycle(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        after_u = (a / (kernel @ v)) ** power
        after_v = (b / (kernel.T @ after_u)) ** power
        change = torch.maximum((after_u / u).log().abs().amax(), (after_v / v).log().abs().amax())
        return after_u, after_v, change

    u, v, iterations, error = _iterate(cycle, a, b)
    return _found(u[:, None] * kernel * v, iterations, error)


class _Dense:
    """A kernel of which every entry counts."""

    def __init__(self, kernel: Tensor) -> None:
        self._kernel = kernel

    def times(self, v: Tensor) -> Tensor:
        return self._kernel @ v

    def transposed(self, u: Tensor) -> Tensor:
        return self._kernel.T @ u


class _Sparse:
    """A kernel with k entries a row, ``[n, k]``, in so many columns."""

    def __init__(self, kernel: Tensor, columns: Tensor, n_columns: int) -> None:
        self._kernel, self._columns, self._n = kernel, columns, n_columns

    def times(self, v: Tensor) -> Tensor:
        return (self._kernel * v[self._columns]).sum(1)

    def transposed(self, u: Tensor) -> Tensor:
        sums = u.new_zeros(self._n)
        return sums.index_add_(0, self._columns.ravel(), (self._kernel * u[:, None]).ravel())


def _scaled(
    kernel: _Dense | _Sparse, a: Tensor, b: Tensor, mass: float | None
) -> tuple[Tensor, Tensor, Tensor, int, Tensor]:
    most = float(torch.minimum(a.sum(), b.sum()))
    if mass is not None and not 0 < mass <= most * (1 + 1e-9):
        raise UsageError(f"mass must be positive and at most {most:g}, got {mass:g}")
    if mass is None and float(a.sum()) > float(b.sum()) * (1 + 1e-9):
        raise UsageError("the columns take less than the rows give; name a mass")
    exact = mass is None
    scale = a.new_tensor(1.0)

    def cycle(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        nonlocal scale
        u = a / (scale * (kernel.times(v)))
        u = u if exact else u.clamp_max(1)
        taken = kernel.transposed(u)
        v = (b / (scale * taken)).clamp_max(1)
        if mass is not None:
            scale = mass / (taken @ v)
        given = scale * u * (kernel.times(v))
        return u, v, torch.maximum(
            _violation(given, a, u, bound=not exact),
            _violation(scale * v * taken, b, v, bound=True),
        )  # fmt: skip

    u, v, iterations, error = _iterate(cycle, a, b)
    return scale, u, v, iterations, error


def _problem(
    similarity: Tensor, epsilon: float, rows: Tensor, columns: Tensor, *, shifted: bool = True
) -> tuple[Tensor, Tensor, Tensor, float]:
    check_positive("epsilon", epsilon)
    if similarity.ndim != 2 or rows.shape != similarity.shape[:1] or (
        columns.shape != similarity.shape[1:]
    ):  # fmt: skip
        raise UsageError(
            f"a plan needs [n, m] similarity, [n] rows and [m] columns, got "
            f"{tuple(similarity.shape)}, {tuple(rows.shape)} and {tuple(columns.shape)}"
        )
    dtype = precise_dtype(similarity)
    scaled = similarity.detach().to(dtype) / epsilon
    finite = scaled[scaled > -torch.inf]
    a, b = rows.detach().to(dtype), columns.detach().to(dtype)
    if not len(finite) or not bool(torch.isfinite(finite).all()):
        raise UsageError("similarity holds NaN or infinite entries; check the embeddings")
    if not bool((a > 0).all() and (b > 0).all()):
        raise UsageError("shares of rows and columns must be positive")
    top, low = float(finite.amax()), float(finite.amin())
    if top - low > _WIDEST or abs(top) > _WIDEST:
        raise UsageError(f"epsilon {epsilon:g} is too small for these similarities; raise it")
    shift = top if shifted else 0.0
    return (scaled - shift).exp(), a, b, shift


def _violation(sums: Tensor, shares: Tensor, scaling: Tensor, *, bound: bool) -> Tensor:
    """Largest departure from: a sum is its share, or below it where the scaling is one."""
    off = (sums - shares) / shares
    if bound:
        off = torch.where(scaling < 1, off, off.clamp_min(0))
    return off.abs().amax()


def _iterate(
    cycle: Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]], a: Tensor, b: Tensor
) -> tuple[Tensor, Tensor, int, Tensor]:
    u, v = torch.ones_like(a), torch.ones_like(b)
    error = torch.full((), torch.inf, dtype=a.dtype)
    done = 0
    while done < _MAX_ITERATIONS and not bool(error <= _TOLERANCE):
        for _ in range(min(_CHECK_EVERY, _MAX_ITERATIONS - done)):
            u, v, error = cycle(u, v)
            done += 1
    return u, v, done, error


def _found(plan: Tensor, iterations: int, error: Tensor) -> TransportPlan:
    facts: dict[str, Any] = {
        "iterations": torch.tensor(iterations),
        "marginal_error": error.float(),
        "converged": error <= _TOLERANCE,
    }
    return TransportPlan(plan=plan.float(), **facts)
