"""Two processes must train as one that holds every row."""

from __future__ import annotations

import pytest
import torch
import torch.multiprocessing as mp
from gathered import SIZE, inputs, values_and_gradients, worker

from molsearch.losses.gather import gather_rows, rank_and_size, sum_over_processes
from molsearch.losses.info_nce import info_nce


def test_one_process_gathers_nothing():
    rows = torch.rand(3, 2, requires_grad=True)
    assert gather_rows(rows) is rows
    assert rank_and_size() == (0, 1)
    assert sum_over_processes(rows.sum()).item() == pytest.approx(rows.sum().item())
    z1, z2, *_ = inputs()
    assert info_nce(z1, z2, gather=True) == info_nce(z1, z2)


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    mp.spawn(worker, args=(tmp_path / "store", tmp_path), nprocs=SIZE)
    parts = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(SIZE)]
    whole = values_and_gradients(slice(None), False)
    assert len(whole) == 5
    for i, (loss, gradients) in enumerate(whole):
        mean = sum(part[i][0] for part in parts) / SIZE
        torch.testing.assert_close(mean, loss)
        for j, gradient in enumerate(gradients):
            # DistributedDataParallel divides by the number of processes
            joined = torch.cat([part[i][1][j] for part in parts]) / SIZE
            torch.testing.assert_close(joined, gradient)
