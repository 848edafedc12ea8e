"""Training runs over two processes; spawned workers must be importable, hence this module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from families import labelled, method_for, run, tiny, unlabelled

from molsearch.config import TrainConfig

SIZE = 2


def two_config(**changes: Any) -> TrainConfig:
    # Without dropout and noise both arrangements see the same molecules in the same way.
    quiet = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}
    soft = {"molecules_per_step": 12, "neighbours": 3.0, "supervised": 0.3, "calibrate_every": 2}
    model = {**tiny().model, **quiet}
    return tiny(
        **{
            "method": "semi_supervised",
            "soft": soft,
            "model": model,
            "coordinate_noise": 0.0,
            "pairs_per_step": 2,
            "prototypes": 0.5,
            "steps": 4,
            **changes,
        }
    )


def sampled_by_two(config: TrainConfig) -> Any:
    method = method_for(config, labelled(), unlabelled())
    method.supervised.sampler.batch_size = 2
    return method


def worker(rank: int, store: str, folder: str, stop: int | None) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=SIZE)
    noisy = stop is not None
    config = two_config(coordinate_noise=0.1, evaluate_every=2) if noisy else two_config()
    where = Path(folder)
    if noisy:  # an interrupted run, then its rest, beside a whole one
        run(config, sampled_by_two(config), where / "cut", stop=stop)
        resumed = run(config, sampled_by_two(config), where / "cut")
        state = run(config, sampled_by_two(config), where / "whole")
        losses = [[row["loss"] for row in s.history] for s in (state, resumed)]
        (where / f"losses-{rank}.json").write_text(json.dumps(losses))
    else:
        state = run(config, sampled_by_two(config), where)
    weights = {
        f"{name}.{key}": p.detach()
        for name, learner in state.learners.items()
        for key, p in learner.network.named_parameters()
    }
    torch.save(weights, where / f"weights-{rank}.pt")
    (where / f"history-{rank}.json").write_text(json.dumps(state.history))
    dist.destroy_process_group()
