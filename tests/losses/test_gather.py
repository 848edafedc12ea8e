"""Two processes must train as one that holds every row."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F

from molsearch.losses.gather import gather_rows, rank_and_size, sum_over_processes
from molsearch.losses.info_nce import info_nce
from molsearch.losses.soft_contrastive import soft_contrastive
from molsearch.losses.uniformity import uniformity

N, SIZE = 8, 2


def _inputs():
    generator = torch.Generator().manual_seed(0)
    z1, z2 = F.normalize(torch.randn(2, N, 5, generator=generator, dtype=torch.float64), dim=2)
    shares = torch.rand(N, N, generator=generator) < 0.2
    plan = torch.rand(N, N, generator=generator, dtype=torch.float64)
    plan[3] = F.one_hot(torch.tensor(3), N)
    return z1, z2, shares, plan, torch.rand(N, generator=generator, dtype=torch.float64)


def _losses(z1, z2, own, gather):
    _, _, shares, plan, weights = _inputs()
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


def _values_and_gradients(own, gather):
    z1, z2 = (x[own].clone().requires_grad_() for x in _inputs()[:2])
    results = []
    for loss in _losses(z1, z2, own, gather):
        gradients = torch.autograd.grad(loss, (z1, z2), allow_unused=True)
        results.append((loss.detach(), [g for g in gradients if g is not None]))
    return results


def _worker(rank, store, out):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=SIZE)
    assert rank_and_size() == (rank, SIZE)
    half = N // SIZE
    torch.save(
        _values_and_gradients(slice(rank * half, (rank + 1) * half), True), f"{out}/{rank}.pt"
    )
    dist.destroy_process_group()


def test_one_process_gathers_nothing():
    rows = torch.rand(3, 2, requires_grad=True)
    assert gather_rows(rows) is rows
    assert rank_and_size() == (0, 1)
    assert sum_over_processes(rows.sum()).item() == pytest.approx(rows.sum().item())
    z1, z2, *_ = _inputs()
    assert info_nce(z1, z2, gather=True) == info_nce(z1, z2)


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    mp.spawn(_worker, args=(tmp_path / "store", tmp_path), nprocs=SIZE)
    parts = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(SIZE)]
    whole = _values_and_gradients(slice(None), False)
    assert len(whole) == 5
    for i, (loss, gradients) in enumerate(whole):
        mean = sum(part[i][0] for part in parts) / SIZE
        torch.testing.assert_close(mean, loss)
        for j, gradient in enumerate(gradients):
            # DistributedDataParallel divides by the number of processes
            joined = torch.cat([part[i][1][j] for part in parts]) / SIZE
            torch.testing.assert_close(joined, gradient)
