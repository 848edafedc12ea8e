"""Gradient caching changes what is kept, and neither gradients nor random numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from families import cut_and_whole, labelled, method_for, run, tiny, unlabelled

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.train import loop

SOFT = {"molecules_per_step": 12, "neighbours": 3.0, "supervised": 0.5}
METHODS: dict[str, dict[str, Any]] = {
    "supervised": {"prototypes": 0.5},
    "semi_supervised": {"soft": SOFT},
    "self_supervised": {"soft": {"molecules_per_step": 12}},
}


@pytest.fixture(scope="module")
def stores() -> tuple[GraphStore, GraphStore]:
    return labelled(), unlabelled()


def _config(method: str, *, cached: bool, **changes: Any) -> TrainConfig:
    noise = {"atom_masking": 0.1, "coordinate_noise": 0.2, "micro_batch": 2}
    kind = {"method": method, "gradient_caching": cached}
    return tiny(**{**noise, **METHODS[method], **kind, **changes})


def _step(
    config: TrainConfig, stores: tuple[GraphStore, GraphStore], folder: Path
) -> tuple[dict[str, torch.Tensor], int, int, torch.Tensor]:
    """Gradients of a step, bytes kept for the backward pass, calls, and the random state."""
    method = method_for(config, *stores)
    state = loop.start(config, folder, torch.device("cpu"), method.learners, n_targets=3)
    kept, calls = 0, 0

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        kept += tensor.nbytes
        return tensor

    def count(*_: object) -> None:
        nonlocal calls
        calls += torch.is_grad_enabled()

    for learner in state.learners.values():
        learner.network.register_forward_pre_hook(count)
    objectives = method.objectives(state)
    while True:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            objective = next(objectives, None)
        if objective is None:
            break
        objective.loss.backward()
    gradients = {
        f"{name}.{key}": p.grad.clone()
        for name, learner in state.learners.items()
        for key, p in learner.network.named_parameters()
        if p.grad is not None
    }
    return gradients, kept, calls, torch.get_rng_state()


@pytest.mark.parametrize("method", METHODS)
def test_gradients_are_those_of_the_whole_batch_with_dropout_active(
    stores: tuple[GraphStore, GraphStore], tmp_path: Path, method: str
) -> None:
    plain = _step(_config(method, cached=False), stores, tmp_path)
    cached = _step(_config(method, cached=True), stores, tmp_path)
    assert plain[0].keys() == cached[0].keys()
    assert len(plain[0]) > 20
    for name, gradient in plain[0].items():
        torch.testing.assert_close(cached[0][name], gradient, rtol=1e-6, atol=1e-8)
    assert torch.equal(plain[3], cached[3])
    assert cached[1] < 0.02 * plain[1]
    assert cached[2] == 2 * plain[2]


@pytest.mark.parametrize("method", METHODS)
def test_a_run_is_the_same_run(
    stores: tuple[GraphStore, GraphStore], tmp_path: Path, method: str
) -> None:
    losses = []
    for cached in (False, True):
        config = _config(method, cached=cached)
        state = run(config, method_for(config, *stores), tmp_path / str(cached))
        losses.append([row["loss"] for row in state.history])
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_an_interrupted_run_equals_an_uninterrupted_one(
    stores: tuple[GraphStore, GraphStore], tmp_path: Path
) -> None:
    config = _config("semi_supervised", cached=True)
    method = method_for(config, *stores)
    cut_and_whole(config, lambda: method, tmp_path)
