"""Rows of every process in one tensor, with gradients; one process is the plain case."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def rank_and_size() -> tuple[int, int]:
    """Rank of this process and number of processes; ``(0, 1)`` outside a process group."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


class _Gather(torch.autograd.Function):
    """All-gather whose backward sums what every process owes to this process's rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows.contiguous())
        ctx.n_rows = rows.shape[0]
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        start = dist.get_rank() * ctx.n_rows
        own: Tensor = total[start : start + ctx.n_rows]
        return own


def gather_rows(rows: Tensor) -> Tensor:
    """Concatenate `rows` of all processes in rank order, differentiably.

    With the gradients averaged over processes, as DistributedDataParallel does, a loss that
    is a mean over the local rows against gathered rows has the gradient of the same loss on
    one process holding every row. Every process must bring the same number of rows.

    Parameters
    ----------
    rows
        ``[B, ...]``, the same shape on every process.

    Returns
    -------
    Tensor
        ``[n_processes * B, ...]``; `rows` itself in a single process.
    """
    if rank_and_size()[1] == 1:
        return rows
    gathered: Tensor = _Gather.apply(rows)  # type: ignore[no-untyped-call]
    return gathered


def sum_over_processes(value: Tensor) -> Tensor:
    """Sum a tensor over processes, without gradient."""
    if rank_and_size()[1] == 1:
        return value.detach()
    total = value.detach().clone()
    dist.all_reduce(total)
    return total
