"""Molecules without labels learn from where they are transported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import cut_and_whole, run, sampler, tiny
from pydantic import ValidationError

from molsearch.config import OverTargetsConfig, TrainConfig
from molsearch.data.activities import Activities
from molsearch.data.store import GraphStore
from molsearch.data.unlabelled import UnlabelledStream
from molsearch.errors import InputError, UsageError
from molsearch.losses.over_targets import label_loss, sharpened
from molsearch.train import loop
from molsearch.train.learner import embed, with_weights
from molsearch.train.material import Material
from molsearch.train.over_targets import OverTargets, over_targets_of, target_plan
from molsearch.train.supervised import Supervised

QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}


def _config(**changes: Any) -> TrainConfig:
    settings = {"weight": 0.5, "molecules": 9, "nowhere": 0.2, **changes.pop("over_targets", {})}
    return tiny(**{"prototypes": 1.0, **changes, "over_targets": settings})


def _method(config: TrainConfig, pairs: GraphStore, rest: GraphStore) -> Supervised:
    stream = UnlabelledStream(
        pairs, rest, config.over_targets.molecules, labelled_share=0.0, seed=config.seed
    )
    term = OverTargets(config, stream, np.array([4, 4, 4]))
    return Supervised(config, pairs, sampler(), terms=[term])


def test_marginals_go_by_the_ligands_of_targets(pairs: GraphStore, rest: GraphStore) -> None:
    stream = UnlabelledStream(pairs, rest, 4, labelled_share=0.0, seed=1)
    found = OverTargets(_config(), stream, np.array([1, 4, 25])).marginals
    assert found.tolist() == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    flat = OverTargets(_config(over_targets={"power": 0.0}), stream, np.array([1, 4, 25]))
    assert flat.marginals.tolist() == pytest.approx([1 / 3] * 3)


def test_each_view_follows_the_plan_of_the_other(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    model = {**tiny().model, **QUIET, "matryoshka": (16,)}
    config = _config(model=model, coordinate_noise=0.0, over_targets={"warm_up": 0.0})
    method = _method(config, pairs, rest)
    state = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3)
    _, found = method.objectives(state)
    f = state.learners["f"]
    with torch.no_grad():
        drawn = method.terms[0].stream.draw(0)
        z = embed(f.network, drawn, np.arange(9), micro_batch=4)
        p = torch.nn.functional.normalize(f.prototypes, dim=1)
        plan = target_plan(config.over_targets, z @ p.T, torch.full((3,), 1 / 3)).plan
        expected = label_loss(z, p, sharpened(plan, 0.5), temperature=0.07)
    assert found.report["over_targets"] == pytest.approx(expected.item(), rel=1e-4)
    assert found.loss.item() == pytest.approx(0.5 * expected.item(), rel=1e-4)
    assert found.report["moved"] == pytest.approx(0.8, rel=1e-3)
    assert found.report["unconverged_targets"] == 0
    assert found.n_molecules == 18
    found.loss.backward()
    assert f.prototypes.grad is None  # the vectors belong to the labelled ligands


def test_the_weight_rises(pairs: GraphStore, rest: GraphStore, tmp_path: Path) -> None:
    config = _config(steps=20, over_targets={"warm_up": 0.5})
    method = _method(config, pairs, rest)
    state = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3)
    for step, share in ((0, 0.1), (4, 0.5), (15, 1.0)):
        found = method.terms[0].objective(step, state.learners["f"])
        weight = found.loss.item() / found.report["over_targets"]
        assert weight == pytest.approx(0.5 * share, rel=1e-4)


def test_molecules_come_to_lie_at_their_families_target(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(steps=60, ema=0.5, prototype_learning_rate=0.02)
    state = run(config, _method(config, pairs, rest), tmp_path)
    f = state.learners["f"]
    with torch.no_grad():
        z = embed(with_weights(f, f.average), rest, np.arange(9), micro_batch=9)
    vectors = torch.nn.functional.normalize(f.prototypes.detach(), dim=1)
    assert (z @ vectors.T).argmax(1).tolist() == np.repeat(np.arange(3), 3).tolist()


@pytest.mark.parametrize("kind", ["partial", "unbalanced"])
def test_interrupted_run_equals_an_uninterrupted_one(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path, kind: str
) -> None:
    config = _config(over_targets={"kind": kind})
    cut_and_whole(config, lambda: _method(config, pairs, rest), tmp_path)


def test_a_run_whose_plans_fail_step_after_step_stops(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("molsearch.losses.partial_plan._MAX_ITERATIONS", 0)
    config = _config(steps=40)
    with pytest.raises(UsageError, match=r"10 steps in a row .* raise over_targets\.epsilon"):
        run(config, _method(config, pairs, rest), tmp_path)


def test_one_plan_in_ten_may_fail() -> None:
    history = [{"step": n, "unconverged": float(n % 10 != 3)} for n in range(40)]
    loop.refuse_lost_plans(history)
    history += [{"step": n, "unconverged": 1.0} for n in range(40, 44)]
    with pytest.raises(UsageError, match=r"\(the last of them 43\): raise soft"):
        loop.refuse_lost_plans(history)


def test_what_is_missing_is_named(pairs: GraphStore) -> None:
    with pytest.raises(ValidationError, match="over_targets needs the targets' vectors"):
        _config(prototypes=0.0)
    material = Material(Activities([], [], [], None), pairs)
    with pytest.raises(InputError, match=r"name soft\.unlabelled, or leave it out"):
        over_targets_of(_config(), material, np.array([4, 4, 4]))
    assert OverTargetsConfig().weight == 0
