"""A transport plan with the proof of its convergence, and the scaled problem behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from molsearch.errors import UsageError


@dataclass(frozen=True, slots=True)
class TransportPlan:
    """Plans with unit marginals; batch dimensions ``...`` as in the cost.

    Attributes
    ----------
    plan
        ``[..., n, n]``, non-negative, rows and columns sum to one.
    iterations
        ``[...]`` int64, evaluations of the plan after the first.
    marginal_error
        ``[...]`` largest departure of a row's sum from one.
    converged
        ``[...]`` bool, whether `marginal_error` reached the tolerance.
    """

    plan: Tensor
    iterations: Tensor
    marginal_error: Tensor
    converged: Tensor


def transport_cost(embeddings: Tensor, temperature: float = 1.0) -> Tensor:
    """Cost ``C = 1 - F F^T / temperature`` between the rows of a batch.

    Parameters
    ----------
    embeddings
        ``[..., n, d]`` unit-length rows of the supervised encoder; no gradient is kept.
    temperature
        The published 1.0; dividing it by two doubles the differences of the cost.

    Returns
    -------
    Tensor
        ``[..., n, n]`` float64 (float32 on devices without it): with a small temperature the
        rounding of single precision would tell duplicates apart.
    """
    check_positive("temperature", temperature)
    rows = embeddings.detach().to(precise_dtype(embeddings))
    with torch.autocast(rows.device.type, enabled=False):
        return 1 - rows @ rows.mT / temperature


def precise_dtype(tensor: Tensor) -> torch.dtype:
    """Float64 where the tensor's device has it."""
    return torch.float32 if tensor.device.type == "mps" else torch.float64


def scaled_distances(cost: Tensor, regularisation: float, dtype: torch.dtype) -> Tensor:
    r"""Return ``D_ij = (C_ij - (C_ii + C_jj) / 2) / regularisation``, flattened to a batch.

    Potentials absorb any :math:`u_i + u_j`, so D has the plan of C. It has a zero diagonal,
    and for the costs of embeddings it is half a squared distance: its small entries, which
    decide the plan, keep their digits in single precision whatever the regularisation.

    Parameters
    ----------
    cost
        ``[..., n, n]``, symmetric and finite.

    Returns
    -------
    Tensor
        ``[b, n, n]`` of `dtype`.

    Raises
    ------
    UsageError
        If the cost is not square, not finite or not symmetric.
    """
    check_positive("regularisation", regularisation)
    if cost.ndim < 2 or cost.shape[-1] != cost.shape[-2] or cost.numel() == 0:
        raise UsageError(f"cost must be [..., n, n] with n > 0, got {tuple(cost.shape)}")
    batch = cost.detach().reshape(-1, *cost.shape[-2:])
    half = batch.diagonal(dim1=-2, dim2=-1) / 2  # [b, n]
    distances = (batch - half[:, None, :]).sub_(half[:, :, None])
    distances = distances.to(dtype).div_(regularisation)
    _check_symmetric(distances)
    return distances


def _check_symmetric(matrix: Tensor) -> None:
    # Probing with one vector costs two reads where comparing with the transpose costs five.
    # The probe is positive, so that the products of non-negative distances are large.
    probe = torch.arange(matrix.shape[-1], device=matrix.device, dtype=matrix.dtype).cos() + 2
    rows, columns = matrix @ probe, matrix.mT @ probe
    gap, scale = torch.stack([(rows - columns).abs().amax(), rows.abs().amax()]).tolist()
    if not math.isfinite(scale):
        raise UsageError("cost holds NaN or infinite entries; check the embeddings behind it")
    if gap > 1e-4 * scale + 1e-6:
        raise UsageError("cost must be symmetric, C_ij = C_ji; symmetrise it: (C + C.mT) / 2")


def check_positive(name: str, value: float) -> None:
    """Raise `UsageError` unless `value` is positive and finite."""
    if not 0 < value < math.inf:
        raise UsageError(f"{name} must be a positive number, got {value}")
