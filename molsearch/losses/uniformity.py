"""KoLeo: embeddings spread over the sphere."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from molsearch.errors import UsageError
from molsearch.losses.gather import gather_rows, rank_and_size
from molsearch.losses.plan import check_positive


def uniformity(embeddings: Tensor, *, min_distance: float = 0.01, gather: bool = False) -> Tensor:
    r"""Kozachenko-Leonenko entropy term, negated.

    .. math:: R = -\frac{1}{B} \sum_i \log(B \max(\lVert g_i - g_{NN(i)} \rVert, \delta))

    The gradient grows as one over the distance, and salts, stereoisomers and duplicates are
    next to each other in any batch of molecules. The clamp at :math:`\delta` bounds it by
    :math:`2 / (B\delta)` and gives pairs nearer than that no gradient at all.

    References
    ----------
    .. [1] Kozachenko-Leonenko regulariser: https://arxiv.org/abs/1806.03198
    .. [2] S-MolSearch, uniformity term (weight 0.1): https://arxiv.org/abs/2409.07462

    Parameters
    ----------
    embeddings
        ``[B, d]``, unit length; the gradient flows to both ends of every pair.
    min_distance
        Clamp on the distance.
    gather
        Seek the nearest neighbour among the rows of all processes; needs equal B.

    Returns
    -------
    Tensor
        Scalar; zero when there is no other row.

    Raises
    ------
    UsageError
        On embeddings that are not ``[B, d]`` or a clamp that is not positive.

    Examples
    --------
    >>> round(uniformity(torch.eye(2)).item(), 4)  # -log(2 sqrt(2))
    -1.0397
    """
    check_positive("min_distance", min_distance)
    if embeddings.ndim != 2 or len(embeddings) == 0:
        raise UsageError(f"uniformity needs [B, d] embeddings, got {tuple(embeddings.shape)}")
    rank, size = rank_and_size() if gather else (0, 1)
    rows = embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))
    every = gather_rows(rows) if size > 1 else rows  # [N, d]
    if len(every) == 1:
        return rows.sum() * 0.0
    nearest = every[_nearest(rows.detach(), every.detach(), rank * len(rows))]
    squared = (rows - nearest).square().sum(1).clamp_min(min_distance**2)
    return -(0.5 * squared.log().mean() + math.log(len(every)))


def _nearest(rows: Tensor, every: Tensor, offset: int) -> Tensor:
    """Index of each row's nearest other row, ``[B]``."""
    with torch.autocast(rows.device.type, enabled=False):
        cosines = rows @ every.T
    cosines.diagonal(offset).fill_(-math.inf)
    return cosines.argmax(1)
