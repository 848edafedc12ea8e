"""Cross-entropy of a batch's similarities to soft labels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from molsearch.errors import UsageError
from molsearch.losses.fused_entropy import soft_entropy_sum
from molsearch.losses.gather import gather_rows, rank_and_size
from molsearch.losses.reduction import parts_of_mean

# Below this mass beside the diagonal a row names no neighbour, only rounding.
_MIN_MASS = 1e-4


def soft_contrastive(
    embeddings: Tensor,
    labels: Tensor,
    *,
    temperature: float = 0.05,
    exclude_diagonal: bool = False,
    gather: bool = False,
    memory: Tensor | None = None,
    excluded: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    r"""Row-wise cross-entropy between soft labels and softmax similarities.

    .. math:: L = -\frac{1}{B} \sum_{ij} \hat P_{ij} \log
              \frac{e^{g_i \cdot g_j / \tau}}{\sum_k e^{g_i \cdot g_k / \tau}},
              \qquad \hat P_{ij} = P_{ij} / \sum_k P_{ik}

    As published the diagonal takes part on both sides. There a molecule's similarity to
    itself is always the largest logit, so the loss mainly spreads molecules apart unless the
    plan has mass elsewhere; `exclude_diagonal` leaves the diagonal out of softmax and labels
    and renormalises the labels, so that only neighbours are learnt. Rows with hardly any
    mass beside the diagonal (< 1e-4) then count for nothing.

    References
    ----------
    .. [1] S-MolSearch, soft-label term: https://arxiv.org/abs/2409.07462

    Parameters
    ----------
    embeddings
        ``[B, d]`` of g_psi, unit length.
    labels
        ``[B, N]`` non-negative plan, N being B times the number of gathered processes;
        this process's rows. No gradient flows into it.
    temperature
        Positive number.
    gather
        Compare with the rows of all processes; needs equal B.
    memory
        ``[M, d]``, unit length: further candidates, of earlier steps; `labels` and `excluded`
        then have M columns more.
    excluded
        Bool like `labels`: left out of softmax and labels too.
    weights
        ``[B]``, non-negative.

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
    >>> round(soft_contrastive(torch.eye(2), torch.eye(2), temperature=1.0).item(), 4)
    0.3133
    """
    rank, size = rank_and_size() if gather else (0, 1)
    n_rows = len(embeddings)
    n_more = 0 if memory is None else len(memory)
    shape = (n_rows, n_rows * size + n_more)
    if embeddings.ndim != 2 or labels.shape != shape or n_rows == 0:
        raise UsageError(
            f"soft_contrastive needs [B, d] embeddings and [B, {size} * B + {n_more}] labels, got "
            f"{tuple(embeddings.shape)} and {tuple(labels.shape)}"
        )
    if not 0 < temperature < math.inf:
        raise UsageError(f"temperature must be a positive number, got {temperature}")
    dtype = torch.promote_types(embeddings.dtype, torch.float32)
    z = embeddings.to(dtype)
    every = gather_rows(z) if size > 1 else z
    old = z.new_empty(0, z.shape[1]) if memory is None else memory.to(dtype)
    labels = labels.detach().to(dtype)
    left_out = excluded
    if exclude_diagonal:
        columns = torch.arange(labels.shape[1], device=labels.device)
        own = columns[rank * n_rows : (rank + 1) * n_rows, None] == columns  # [B, N]
        left_out = own if excluded is None else own | excluded
    if left_out is not None:
        labels = labels.masked_fill(left_out, 0.0)
    mass = labels.sum(1)
    counted = (mass > _MIN_MASS).to(dtype)
    if weights is not None:
        counted = counted * weights
    normalised = labels / mass.clamp_min(_MIN_MASS)[:, None]
    shares = parts_of_mean(counted, z.new_ones(n_rows), size)
    return soft_entropy_sum(z, every, old, normalised, left_out, shares, temperature)
