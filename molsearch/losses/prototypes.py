"""Cross-entropy of ligands to one learned vector a target."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from molsearch.errors import UsageError
from molsearch.losses.fused_entropy import entropy_sum
from molsearch.losses.reduction import parts_of_mean


def prototype_loss(
    embeddings: Tensor,
    prototypes: Tensor,
    positives: Tensor,
    acts_on: Tensor,
    *,
    temperature: float = 0.05,
    weights: Tensor | None = None,
    n_processes: int = 1,
) -> Tensor:
    r"""Mean cross-entropy of each ligand to its target's vector among those of all targets.

    With :math:`s_{it} = z_i \cdot p_t / \tau`, the target :math:`y_i` that ligand *i* was drawn
    for, and the targets :math:`N_i` that it is not known to act on,

    .. math:: \ell_i = -\log \frac{e^{s_{iy_i}}}{e^{s_{iy_i}} + \sum_{t \in N_i} e^{s_{it}}}

    A step's pairs see each other's targets alone; the vectors hold all targets against each
    ligand in every step. ProxyNCA++ [1]_ has one class an item; a ligand here may act on
    several targets, and the others are left out of its denominator.

    References
    ----------
    .. [1] ProxyNCA++: https://arxiv.org/abs/2004.01113

    Parameters
    ----------
    embeddings
        ``[B, d]``, unit length.
    prototypes
        ``[T, d]``, unit length, one a target.
    positives
        int64 ``[B]``: the target of each ligand.
    acts_on
        Bool ``[B, T]``: targets that a ligand is known to act on; its own is taken as true.
    temperature
        Positive number.
    weights
        ``[B]`` non-negative weights of the ligands. All zero gives a loss of zero.
    n_processes
        Processes that share the batch, over which weights are summed.

    Returns
    -------
    Tensor
        Scalar; the mean over processes is the loss of the whole batch.

    Raises
    ------
    UsageError
        On shapes that do not fit or a temperature that is not positive.

    Examples
    --------
    >>> z, own = torch.eye(3), torch.arange(3)
    >>> known = torch.eye(3, dtype=torch.bool)
    >>> round(prototype_loss(z, z, own, known, temperature=1.0).item(), 4)  # log(1 + 2 / e)
    0.5514
    """
    _check(embeddings, prototypes, positives, acts_on, weights)
    if not 0 < temperature < math.inf:
        raise UsageError(f"temperature must be a positive number, got {temperature}")
    dtype = torch.promote_types(embeddings.dtype, torch.float32)
    z, p = embeddings.to(dtype), prototypes.to(dtype)
    shares = parts_of_mean(weights, z.new_ones(len(z)), n_processes)
    return entropy_sum(z, p, positives, acts_on, shares, temperature)


def _check(
    embeddings: Tensor,
    prototypes: Tensor,
    positives: Tensor,
    acts_on: Tensor,
    weights: Tensor | None,
) -> None:
    n, t = len(embeddings), len(prototypes)
    if embeddings.ndim != 2 or prototypes.ndim != 2 or n == 0 or t == 0:
        raise UsageError(
            "prototype_loss needs non-empty [B, d] embeddings and [T, d] prototypes, got "
            f"{tuple(embeddings.shape)} and {tuple(prototypes.shape)}"
        )
    if positives.shape != (n,) or positives.dtype != torch.int64:
        raise UsageError(
            f"positives must be int64 [{n}], got {positives.dtype} {tuple(positives.shape)}"
        )
    if acts_on.shape != (n, t) or acts_on.dtype != torch.bool:
        raise UsageError(
            f"acts_on must be bool [{n}, {t}], got {acts_on.dtype} {tuple(acts_on.shape)}"
        )
    if weights is not None and weights.shape != (n,):
        raise UsageError(f"weights must be [{n}], one a ligand, got {tuple(weights.shape)}")
