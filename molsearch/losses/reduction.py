"""The mean over rows, the same on one process as on many."""

from __future__ import annotations

import torch
from torch import Tensor

from molsearch.losses.gather import sum_over_processes


def weighted_mean(rows: Tensor, weights: Tensor | None, size: int) -> Tensor:
    """Mean of row losses, weighted; the mean over `size` processes is that of all rows.

    Parameters
    ----------
    rows
        ``[B]`` losses of this process's rows.
    weights
        ``[B]`` non-negative; None is the plain mean. All zero gives zero.
    size
        Number of processes that share the batch.
    """
    return (parts_of_mean(weights, torch.ones_like(rows), size) * rows).sum()


def parts_of_mean(weights: Tensor | None, ones: Tensor, size: int) -> Tensor:
    """Give what the rows are multiplied by, and then added up, for their `weighted_mean`.

    Parameters
    ----------
    ones
        ``[B]``, of the rows' type and device.
    """
    if weights is None:
        return ones / len(ones)
    weights = weights.detach().to(ones.dtype)
    total = weights.sum() if size == 1 else sum_over_processes(weights.sum()) / size
    return weights / total.clamp_min(torch.finfo(ones.dtype).tiny)
