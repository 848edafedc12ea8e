"""One process of the two-process test of gathered losses.

A spawned process imports its function by module name: that module must lie on the path, which a
test file does not.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
import torch.nn.functional as F

from molsearch.losses.gather import rank_and_size
from molsearch.losses.info_nce import info_nce
from molsearch.losses.soft_contrastive import soft_contrastive
from molsearch.losses.uniformity import uniformity

N, SIZE = 8, 2


def inputs():
    generator = torch.Generator().manual_seed(0)
    z1, z2 = F.normalize(torch.randn(2, N, 5, generator=generator, dtype=torch.float64), dim=2)
    shares = torch.rand(N, N, generator=generator) < 0.2
    plan = torch.rand(N, N, generator=generator, dtype=torch.float64)
    plan[3] = F.one_hot(torch.tensor(3), N)
    return z1, z2, shares, plan, torch.rand(N, generator=generator, dtype=torch.float64)


def _losses(z1, z2, own, gather):
    _, _, shares, plan, weights = inputs()
    for mode in ("mask", "positive"):
        yield info_nce(
            z1,
            z2,
            shares_target=shares,
            mode=mode,
            weights=weights[own],
            gather=gather,
            temperature=0.2,
        )
    for exclude in (False, True):
        yield soft_contrastive(z1, plan[own], exclude_diagonal=exclude, gather=gather)
    yield uniformity(z1, gather=gather)


def values_and_gradients(own, gather):
    z1, z2 = (x[own].clone().requires_grad_() for x in inputs()[:2])
    results = []
    for loss in _losses(z1, z2, own, gather):
        gradients = torch.autograd.grad(loss, (z1, z2), allow_unused=True)
        results.append((loss.detach(), [g for g in gradients if g is not None]))
    return results


def worker(rank, store, out):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=SIZE)
    assert rank_and_size() == (rank, SIZE)
    half = N // SIZE
    torch.save(
        values_and_gradients(slice(rank * half, (rank + 1) * half), True), f"{out}/{rank}.pt"
    )
    dist.destroy_process_group()
