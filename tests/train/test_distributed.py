"""Two processes train as one that holds every row."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from families import run
from two_processes import SIZE, sampled_by_two, two_config, worker

from molsearch.errors import UsageError
from molsearch.train import distributed, loop


def _spawn(folder: Path, stop: int | None = None) -> list[dict[str, torch.Tensor]]:
    mp.spawn(worker, args=(str(folder / "store"), str(folder), stop), nprocs=SIZE)
    return [torch.load(folder / f"weights-{r}.pt", weights_only=True) for r in range(SIZE)]


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    parts = _spawn(tmp_path)
    alone = run(two_config(), sampled_by_two(two_config()), tmp_path / "alone")
    history = json.loads((tmp_path / "history-0.json").read_text())
    other = json.loads((tmp_path / "history-1.json").read_text())
    for name in ("supervised", "prototypes", "soft", "uniformity", "supervised_g"):
        mean = [(a[name] + b[name]) / 2 for a, b in zip(history, other, strict=True)]
        assert mean == pytest.approx([row[name] for row in alone.history], rel=2e-3), name
    assert history[0]["neighbours"] == pytest.approx(alone.history[0]["neighbours"], rel=1e-3)
    for name, learner in alone.learners.items():
        for key, parameter in learner.network.named_parameters():
            one, two = (part[f"{name}.{key}"] for part in parts)
            assert torch.equal(one, two), key
            torch.testing.assert_close(one, parameter.detach(), atol=4e-3, rtol=0.05)


@pytest.mark.slow
def test_two_processes_resume_as_they_would_have_gone_on(tmp_path: Path) -> None:
    one, two = _spawn(tmp_path, stop=3)  # the last checkpoint is of step 2
    assert all(torch.equal(one[key], two[key]) for key in one)
    for rank in range(SIZE):
        whole, resumed = json.loads((tmp_path / f"losses-{rank}.json").read_text())
        assert whole[2:] == resumed[2:]
    with pytest.raises(UsageError, match="run of 2 processes"):
        loop.start(
            two_config(coordinate_noise=0.1, evaluate_every=2),
            tmp_path / "cut",
            torch.device("cpu"),
            ("f", "g"),
        )


def test_one_process_is_the_plain_case() -> None:
    network = torch.nn.Linear(2, 1)
    network(torch.ones(1, 2)).backward()
    before = network.weight.grad.clone()
    distributed.average_gradients(network)
    assert torch.equal(network.weight.grad, before)
    assert distributed.own_share(7) == slice(0, 7)
    assert distributed.agreed(True, torch.device("cpu"))
    assert distributed.is_first()
    with distributed.process_group(torch.device("cpu")) as device:
        assert device.type == "cpu"
        assert not dist.is_initialized()
    states = distributed.random_states(torch.device("cpu"))
    drawn = torch.rand(3)
    distributed.restore_random_states(states, torch.device("cpu"))
    assert np.array_equal(torch.rand(3), drawn)
