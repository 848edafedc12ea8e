"""What a student's embeddings lack of its teachers'."""

from __future__ import annotations

import torch
from torch import Tensor

from molsearch.errors import UsageError
from molsearch.losses.gather import gather_rows


def vector_loss(embeddings: Tensor, targets: Tensor) -> Tensor:
    r"""Mean of one less the cosine of each embedding and its target.

    .. math:: L = \frac{1}{n} \sum_i (1 - z_i \cdot t_i)

    Parameters
    ----------
    embeddings, targets
        ``[n, d]``, unit length.

    Raises
    ------
    UsageError
        On shapes that do not fit.

    Examples
    --------
    >>> vector_loss(torch.eye(2), torch.tensor([[1.0, 0.0], [1.0, 0.0]])).item()
    0.5
    """
    _check(embeddings, targets)
    dtype = torch.promote_types(embeddings.dtype, torch.float32)
    with torch.autocast(embeddings.device.type, enabled=False):
        return 1 - torch.linalg.vecdot(embeddings.to(dtype), targets.to(dtype)).mean()


def similarity_loss(embeddings: Tensor, targets: Tensor) -> Tensor:
    r"""Mean squared difference of the similarities among n molecules from their targets'.

    .. math:: L = \frac{1}{n (N - 1)} \sum_i \sum_{j \neq i} (z_i \cdot z_j - t_i \cdot t_j)^2

    over the N molecules of all processes, n of them this one's.

    Parameters
    ----------
    embeddings, targets
        ``[n, d]`` and ``[n, k]``, unit length.

    Raises
    ------
    UsageError
        On shapes that do not fit.
    """
    if len(embeddings) != len(targets):
        _check(embeddings, targets)
    dtype = torch.promote_types(embeddings.dtype, torch.float32)
    with torch.autocast(embeddings.device.type, enabled=False):
        z, t = embeddings.to(dtype), targets.to(dtype)
        every = gather_rows(z)
        # A molecule's similarity to itself is one on both sides, up to rounding.
        error = z @ every.T - t @ gather_rows(t).T
    return error.square().sum() / (len(z) * max(len(every) - 1, 1))


def _check(embeddings: Tensor, targets: Tensor) -> None:
    if embeddings.shape != targets.shape or embeddings.ndim != 2:
        raise UsageError(
            "distillation needs a target for each of [n, d] embeddings, got "
            f"{tuple(embeddings.shape)} and {tuple(targets.shape)}"
        )
