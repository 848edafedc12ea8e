"""InfoNCE over pairs of ligands of few targets, with molecules known or taken not to act."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molsearch.errors import UsageError
from molsearch.losses.similarity import scaled_cosines


def info_nce_with_negatives(
    z1: Tensor,
    z2: Tensor,
    negatives: Tensor,
    *,
    shares_target: Tensor,
    is_negative: Tensor,
    temperature: float | Tensor = 0.05,
) -> Tensor:
    r"""Symmetric InfoNCE whose denominators also hold molecules that belong to no pair.

    A series has one target or a few, so that a batch of its pairs has hardly any negative of
    its own: measured inactives and library molecules take their place,

    .. math:: \ell_i = -\log \frac{e^{s_{ii}}}{e^{s_{ii}} + \sum_{j \in N_i} e^{s_{ij}}
              + \sum_{k \in K_i} e^{z^1_i \cdot n_k / \tau}}

    Parameters
    ----------
    z1, z2
        ``[B, d]`` unit-length embeddings; rows i are two ligands of one target.
    negatives
        ``[K, d]``, unit length.
    shares_target
        Bool ``[B, B]``: first i and second j share a target, and are no negatives.
    is_negative
        Bool ``[B, K]``: negative k may be held against pair i.
    temperature
        Positive number or learned scalar.

    Returns
    -------
    Tensor
        Scalar mean over rows and both directions.

    Raises
    ------
    UsageError
        On shapes that do not fit.

    Examples
    --------
    >>> z, n = torch.eye(3)[:1], torch.eye(3)[1:]
    >>> yes = torch.ones(1, 2, dtype=torch.bool)
    >>> loss = info_nce_with_negatives(
    ...     z, z, n, shares_target=yes[:, :1], is_negative=yes, temperature=1.0
    ... )
    >>> round(loss.item(), 4)  # log(1 + 2 / e)
    0.5514
    """
    n, k = len(z1), len(negatives)
    if z1.shape != z2.shape or shares_target.shape != (n, n) or is_negative.shape != (n, k):
        raise UsageError(
            f"info_nce_with_negatives: {tuple(z1.shape)} and {tuple(z2.shape)} pairs need "
            f"[{n}, {n}] shares_target and [{n}, {k}] is_negative, got "
            f"{tuple(shares_target.shape)} and {tuple(is_negative.shape)}"
        )
    pairs = scaled_cosines(z1, z2, temperature)
    shared = shares_target | torch.eye(n, dtype=torch.bool, device=z1.device)
    forward = _row_losses(pairs, shared, scaled_cosines(z1, negatives, temperature), is_negative)
    backward = _row_losses(
        pairs.T, shared.T, scaled_cosines(z2, negatives, temperature), is_negative
    )
    return 0.5 * (forward + backward).mean()


def _row_losses(pairs: Tensor, shared: Tensor, against: Tensor, is_negative: Tensor) -> Tensor:
    # A large finite fill, not -inf: a row without negatives then has gradient zero, not NaN.
    fill = torch.finfo(pairs.dtype).min / 2
    others = torch.cat(
        [pairs.masked_fill(shared, fill), against.masked_fill(~is_negative, fill)], 1
    )
    return nn.functional.softplus(others.logsumexp(1) - pairs.diagonal(), threshold=40)
