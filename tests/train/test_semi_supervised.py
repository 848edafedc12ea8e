"""g learns what f sees, on molecules without labels; a kill changes nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import contrast, method_for, run, tiny

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.losses.plan_stats import plan_statistics
from molsearch.losses.soft_contrastive import soft_contrastive
from molsearch.losses.transport import soft_labels
from molsearch.losses.uniformity import uniformity
from molsearch.train import labels, loop
from molsearch.train.learner import embed, with_weights
from molsearch.train.method import Objective

_PLAN = {"entropy", "neighbours", "diagonal_mass", "non_zeros", "unconverged", "regularisation"}


def _config(soft: dict[str, Any] | None = None, **changes: Any) -> TrainConfig:
    settings = {"molecules_per_step": 12, "neighbours": 3.0, "calibrate_every": 4, **(soft or {})}
    return tiny(method="semi_supervised", soft=settings, **changes)


def _objectives(
    config: TrainConfig, pairs: GraphStore, rest: GraphStore, folder: Path
) -> tuple[loop.TrainState, list[Objective]]:
    method = method_for(config, pairs, rest)
    state = loop.start(config, folder, torch.device("cpu"), method.learners)
    return state, list(method.objectives(state))


def test_g_learns_families_from_soft_labels_alone(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config({"weight": 1.0}, steps=120, ema=0.5, learning_rate=3e-3)
    state = run(config, method_for(config, pairs, rest), tmp_path)
    soft = [row["soft"] for row in state.history]
    assert np.mean(soft[-10:]) < np.mean(soft[:10]) - 0.1
    family = np.repeat(np.arange(3), 3)
    with torch.no_grad():
        untrained = loop.start(config, tmp_path / "new", torch.device("cpu"), ("f", "g"))
        everyone = np.arange(9)
        before = embed(untrained.learners["g"].network.eval(), rest, everyone, micro_batch=9)
        g = with_weights(state.learners["g"], state.learners["g"].average)
        after = embed(g, rest, everyone, micro_batch=9)
    assert contrast(after, family) > contrast(before, family) + 0.2


def test_loss_is_the_sum_that_the_method_defines(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    quiet = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}
    model = {**tiny().model, **quiet, "matryoshka": (16,)}
    soft = {"weight": 0.7, "uniformity": 0.3, "warm_up": 0.0, "regularisation": 0.8}
    config = _config(soft, model=model, coordinate_noise=0.0)
    state, found = _objectives(config, pairs, rest, tmp_path)
    molecules = method_for(config, pairs, rest).stream.draw(0)
    with torch.no_grad():
        z_f, z_g = (
            embed(state.learners[n].network.eval(), molecules, np.arange(12), micro_batch=12)
            for n in "fg"
        )
    plan = soft_labels(z_f, regularisation=0.8).plan
    expected = 0.7 * soft_contrastive(z_g, plan, temperature=0.07) + 0.3 * uniformity(z_g)
    assert [o.learner for o in found] == ["f", "g"]
    assert found[1].loss.item() == pytest.approx(expected.item(), rel=1e-4)
    assert found[1].report["entropy"] == pytest.approx(plan_statistics(plan).entropy, rel=1e-4)
    assert found[1].report["unconverged"] == 0


def test_labels_carry_no_gradient_to_f(pairs: GraphStore, rest: GraphStore, tmp_path: Path) -> None:
    state, found = _objectives(_config(), pairs, rest, tmp_path)
    found[-1].loss.backward()
    assert all(p.grad is None for p in state.learners["f"].network.parameters())
    assert any(p.grad is not None for p in state.learners["g"].network.parameters())


def test_every_plan_is_logged_and_has_the_wanted_neighbours(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    state = run(_config(), method_for(_config(), pairs, rest), tmp_path)
    for row in state.history:
        assert row.keys() >= _PLAN | {"supervised", "soft", "uniformity", "soft_weight"}
        assert all(math.isfinite(value) for value in row.values())
    calibrated = [state.history[i]["neighbours"] for i in (0, 4, 8)]
    assert calibrated == pytest.approx([3.0] * 3, rel=0.02)
    products = [row["regularisation"] for row in state.history]
    assert len(set(products[:4])) == 1
    assert len(set(products)) == 3


def test_soft_weight_rises_to_its_value(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config({"weight": 2.0, "warm_up": 0.5})
    state = run(config, method_for(config, pairs, rest), tmp_path)
    weights = [row["soft_weight"] for row in state.history]
    assert weights[:6] == pytest.approx([2 / 6 * i for i in range(1, 7)])
    assert weights[6:] == [2.0] * 6


def test_g_may_share_the_labelled_pairs(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config({"supervised": 0.5, "weight": 0.0, "uniformity": 0.0})
    _, found = _objectives(config, pairs, rest, tmp_path)
    assert [o.learner for o in found] == ["f", "g", "g"]
    assert found[1].loss.item() == pytest.approx(0.5 * found[1].report["supervised_g"])
    assert found[2].loss.item() == 0.0


def test_encoders_see_different_views_of_the_pairs(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config({"supervised": 1.0}, coordinate_noise=0.3)
    method = method_for(config, pairs, rest)
    state = loop.start(config, tmp_path, torch.device("cpu"), method.learners)
    state.learners["g"].network.load_state_dict(state.learners["f"].network.state_dict())
    f, g, _ = method.objectives(state)
    assert f.loss.item() != g.loss.item()


def test_average_may_teach(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        labels, "soft_labels", lambda z, **kw: seen.append(z) or soft_labels(z, **kw)
    )
    for teacher in ("current", "average"):
        config = _config({"teacher": teacher, "regularisation": 1.0})
        method = method_for(config, pairs, rest)
        state = loop.start(config, tmp_path, torch.device("cpu"), method.learners)
        for tensor in state.learners["f"].average.values():
            tensor.mul_(0.5).add_(0.1)
        list(method.objectives(state))
    assert not torch.allclose(seen[0], seen[1], atol=1e-3)


@pytest.mark.parametrize("stop", [7, 11])
def test_interrupted_run_equals_an_uninterrupted_one(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path, stop: int
) -> None:
    config = _config({"supervised": 0.5}, atom_masking=0.1)
    method = method_for(config, pairs, rest)
    whole = run(config, method, tmp_path / "whole")
    run(config, method, tmp_path / "cut", stop=stop)
    resumed = run(config, method, tmp_path / "cut")
    losses = [[row["loss"] for row in s.history] for s in (whole, resumed)]
    assert losses[0] == losses[1]
    assert resumed.regularisation == whole.regularisation
    for name in "fg":
        one, other = whole.learners[name], resumed.learners[name]
        assert one.best == other.best
        for key, tensor in one.average.items():
            assert torch.equal(tensor, other.average[key]), key
