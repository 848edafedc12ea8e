"""Soft labels of frozen teachers: what they teach, that a kill changes nothing, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import cut_and_whole, gathered, run, sampler, tiny, write_families
from pydantic import ValidationError

from molsearch.config import TrainConfig
from molsearch.data.neighbourhoods import nearest
from molsearch.data.store import GraphStore, concatenate
from molsearch.errors import UsageError
from molsearch.losses.neighbour_plan import neighbour_plan
from molsearch.losses.partial_plan import nearest_plan
from molsearch.losses.soft_contrastive import soft_contrastive
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.nn.weights import load_encoder, save_encoder
from molsearch.train import loop
from molsearch.train.join import run_join
from molsearch.train.learner import embed, encoder_config
from molsearch.train.run import Hooks, run_training
from molsearch.train.supervised import Supervised
from molsearch.train.taught import Taught, pool_of
from molsearch.train.taught_labels import Seen, labels_among
from molsearch.train.teachers import load_teachers, side_by_side

QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "use_geometry": False}
FAMILIES = np.repeat(np.arange(3), 4), np.repeat(np.arange(3), 3)


def _config(**changes: Any) -> TrainConfig:
    soft = {"teachers": ("t",), "molecules_per_step": 16, "labelled_share": 0.5, "pool": 21}
    content = {"method": "taught", "model": {**tiny().model, **QUIET}, **changes}
    return tiny(**{**content, "soft": {**soft, "nearest": 4, **changes.get("soft", {})}})


def _views(families: np.ndarray) -> np.ndarray:
    """A teacher that knows the three families and nothing else."""
    rows = np.eye(3, dtype=np.float32)[families]
    noise = np.random.default_rng(0).normal(size=rows.shape).astype(np.float32)
    rows = rows + 0.1 * noise
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _method(config: TrainConfig, pairs: GraphStore, rest: GraphStore) -> Taught:
    molecules = concatenate([pairs, rest])
    is_labelled = np.arange(len(molecules)) < len(pairs)
    views = _views(np.concatenate(FAMILIES))
    return Taught(config, Supervised(config, pairs, sampler()), molecules, is_labelled, views)


def test_student_comes_to_follow_its_teachers(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(steps=60, learning_rate=3e-3)
    state = run(config, _method(config, pairs, rest), tmp_path)
    soft = [row["soft"] for row in state.history]
    assert np.mean(soft[-10:]) < np.mean(soft[:10]) - 0.3
    assert all(row["unconverged"] == 0 for row in state.history)


def test_loss_is_the_cross_entropy_to_the_plan_of_the_teachers(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(soft={"weight": 0.5})
    method = _method(config, pairs, rest)
    state = loop.start(config, tmp_path, torch.device("cpu"), method.learners)
    _, found = method.objectives(state)
    rows = method.structure.draw(0)
    seen = method.seen.views[torch.from_numpy(rows)]
    plan = neighbour_plan(seen @ seen.T, 0.05).plan
    with torch.no_grad():
        z = embed(state.learners["f"].network, method.molecules, rows, micro_batch=8)
        parts = [torch.nn.functional.normalize(z[:, :width], dim=1) for width in (8, 16)]
        losses = [
            soft_contrastive(p, plan, temperature=0.07, exclude_diagonal=True).item() for p in parts
        ]
    assert found.loss.item() == pytest.approx(0.5 * np.mean(losses), rel=1e-4)
    assert found.report["soft"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert found.n_molecules == len(rows)


def test_interrupted_run_equals_an_uninterrupted_one(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(model={**tiny().model, "use_geometry": False})
    cut_and_whole(config, lambda: _method(config, pairs, rest), tmp_path)


def test_plans_reach_what_is_remembered(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(soft={"memory": 21, "memory_nearest": 4, "molecules_per_step": 8})
    method = _method(config, pairs, rest)
    state = run(config, method, tmp_path)
    rows, z = state.memory["rows"], state.memory["embeddings"]
    assert len(rows) == len(rows.unique()) == len(z)
    latest = method.structure.draw(config.steps - 1)
    assert rows[: len(latest)].tolist() == latest.tolist()
    assert len(rows) > len(latest)
    assert all(row["unconverged"] == 0 for row in state.history)
    step = method.structure.draw(12)
    found = labels_among(method.seen, step, rows.numpy(), config.soft, torch.device("cpu"))
    n = len(step)
    assert found.plan.shape == (n, n + len(rows))
    assert torch.allclose(found.plan.sum(1), torch.ones(n), atol=1e-3)
    assert found.plan[:, n:].sum() > 0.1
    assert found.plan[found.excluded].sum() == 0
    names = np.concatenate([step, rows.numpy()])
    assert np.array_equal(found.excluded.numpy(), step[:, None] == names)
    with torch.no_grad():
        new = torch.nn.functional.normalize(torch.randn(n, 16), dim=1)
        logits = (new @ torch.cat([new, z]).T / 0.07).masked_fill(found.excluded, -torch.inf)
        each = found.plan / found.plan.sum(1, keepdim=True)
        expected = -(each * logits.log_softmax(1).masked_fill(found.excluded, 0)).sum(1).mean()
        loss = soft_contrastive(
            new, found.plan, temperature=0.07, exclude_diagonal=True, memory=z,
            excluded=found.excluded,
        )  # fmt: skip
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_interrupted_run_with_a_memory_equals_an_uninterrupted_one(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    soft = {"memory": 12, "memory_nearest": 4, "molecules_per_step": 8, "confidence": 0.5}
    config = _config(model={**tiny().model, "use_geometry": False}, soft=soft)
    whole, resumed = cut_and_whole(config, lambda: _method(config, pairs, rest), tmp_path)
    for name, tensor in whole.memory.items():
        assert torch.equal(tensor, resumed.memory[name]), name
    assert len(whole.memory["rows"]) == 12


def test_ecfp4_counts_beside_the_teachers(pairs: GraphStore, rest: GraphStore) -> None:
    config = _config(soft={"likeness": 0.5, "memory_nearest": 7})
    molecules = concatenate([pairs, rest])
    n = tiny().model["n_buckets"]
    supervised = Supervised(config, pairs, sampler(), n_environments=n)
    is_labelled = np.arange(len(molecules)) < len(pairs)
    views = _views(np.concatenate(FAMILIES))
    method = Taught(config, supervised, molecules, is_labelled, views)
    rows, memory = np.array([0, 3, 4, 9, 14, 20]), np.array([4, 1, 17])
    sets = [
        {int(bit) for bit in molecules.bag[slice(*molecules.bag_start[m : m + 2])] if bit <= n}
        for m in range(len(molecules))
    ]
    alike = np.array([[len(a & b) / max(1, len(a | b)) for b in sets] for a in sets], np.float32)
    every = torch.from_numpy(views @ views.T + 0.5 * alike)
    assert 0 < np.median(alike) < 1
    wide = method.seen.wide(0.5)
    assert np.array_equal(method.structure.near, nearest(wide, config.soft.nearest))
    assert np.array_equal(wide[:, :3], views)
    alone = nearest(views, config.soft.nearest)
    assert not np.array_equal(np.sort(method.structure.near), np.sort(alone))

    found = labels_among(method.seen, rows, memory[:0], config.soft, torch.device("cpu"))
    expected = neighbour_plan(every[rows][:, rows], 0.05 * 1.5)
    assert torch.allclose(found.plan, expected.plan, atol=1e-5)
    without = labels_among(
        Seen(method.seen.views), rows, memory[:0], config.soft, torch.device("cpu")
    )
    assert not torch.allclose(found.plan, without.plan, atol=1e-2)

    found = labels_among(method.seen, rows, memory, config.soft, torch.device("cpu"))
    names = np.concatenate([rows, memory])
    own = torch.from_numpy(rows[:, None] == names)
    reached = every[rows][:, names].masked_fill(own, -torch.inf)
    expected = nearest_plan(reached, 0.05 * 1.5, 7)
    assert torch.allclose(found.plan, expected.plan, atol=1e-5)
    assert found.plan[own].sum() == 0


def test_ecfp4_is_nothing_to_other_methods() -> None:
    with pytest.raises(ValidationError, match=r"soft\.likeness stands beside frozen teachers"):
        tiny(soft={"likeness": 1.0})


def test_confidence_is_of_the_teachers_alone(pairs: GraphStore, rest: GraphStore) -> None:
    views = torch.nn.functional.normalize(torch.eye(21), dim=1)
    alike = np.full((21, 4), 255, np.uint8)
    soft = _config(soft={"confidence": 0.5, "likeness": 1.0}).soft
    found = labels_among(
        Seen(views, alike), np.arange(21), np.zeros(0, np.int64), soft, torch.device("cpu")
    )
    assert found.weights.max() == 0


def test_a_memory_larger_than_the_data_is_refused(pairs: GraphStore, rest: GraphStore) -> None:
    with pytest.raises(UsageError, match=r"soft\.memory 16,384 is larger than what is taught on"):
        _method(_config(soft={"memory": 16_384}), pairs, rest)


def test_molecules_like_nothing_else_learn_no_label(pairs: GraphStore, rest: GraphStore) -> None:
    method = _method(_config(), pairs, rest)
    lonely = method.seen.views.clone()
    lonely[0] = torch.nn.functional.normalize(torch.ones(3), dim=0)
    rows = np.arange(21)
    soft = _config(soft={"confidence": 0.85}).soft
    found = labels_among(Seen(lonely), rows, np.zeros(0, np.int64), soft, torch.device("cpu"))
    assert found.weights[0] == 0
    assert found.weights[1:].min() == 1
    assert found.report["confident"] == pytest.approx(20 / 21)
    z = torch.nn.functional.normalize(torch.randn(21, 8), dim=1).requires_grad_()
    rest_alone = soft_contrastive(z, found.plan, exclude_diagonal=True, weights=found.weights)
    each = torch.stack(
        [soft_contrastive(z, found.plan, exclude_diagonal=True, weights=one)
         for one in torch.eye(21)[1:]]
    )  # fmt: skip
    assert rest_alone.item() == pytest.approx(each.mean().item(), rel=1e-5)


def test_pool_is_drawn_by_seed_with_its_share_of_labels(
    pairs: GraphStore, rest: GraphStore
) -> None:
    config = _config(soft={"pool": 8, "labelled_share": 0.25})
    molecules, is_labelled = pool_of(config, pairs, rest)
    assert (len(molecules), int(is_labelled.sum())) == (8, 2)
    again, _ = pool_of(config, pairs, rest)
    assert np.array_equal(molecules.bag, again.bag)
    alone, labels = pool_of(config, pairs, None)
    assert (len(alone), labels.all()) == (8, True)


def test_inner_products_of_views_are_mean_similarities(pairs: GraphStore) -> None:
    torch.manual_seed(0)
    config = encoder_config(_config())
    teachers = [Encoder(Network(config), identity=str(n), card={}) for n in range(2)]
    views = side_by_side(teachers, pairs)
    one, two = (t.encode_store(pairs) for t in teachers)
    assert np.allclose(views @ views.T, (one @ one.T + two @ two.T) / 2, atol=1e-5)


def test_teacher_of_other_buckets_is_refused_before_training(tmp_path: Path) -> None:
    config = _config(soft={"teachers": (str(tmp_path / "t"),)})
    model = encoder_config(config).model_copy(update={"n_torsions": 7})
    save_encoder(tmp_path / "t", Network(model), {"name": "t"})
    with pytest.raises(UsageError, match=r"buckets are 997 of environments, 7 of torsions; this"):
        load_teachers(config, encoder_config(config), torch.device("cpu"))


def test_teachers_and_method_belong_together() -> None:
    for changes in ({"method": "taught"}, {"soft": {"teachers": ("t",)}}, {"parts": ("a", "b")}):
        with pytest.raises(ValidationError, match="belong together"):
            tiny(**changes)


def test_a_run_from_files_and_a_committee_of_it(tmp_path: Path) -> None:
    write_families(tmp_path)
    torch.manual_seed(4)  # or the agreement below is a matter of luck
    teacher = Network(encoder_config(_config()))
    save_encoder(tmp_path / "t", teacher, {"name": "teacher"})
    files = {"activities": "a.csv", "conformers": "", "development": "", "steps": 2}
    soft = {"teachers": (str(tmp_path / "t"),), "unlabelled": "u.csv"}
    config = _config(soft=soft, **files)
    material = gathered(config, tmp_path)
    hooks = Hooks(lambda report: None, lambda *_: None)
    card = run_training(config, material, tmp_path / "s", torch.device("cpu"), hooks)
    assert card["training"]["unlabelled_molecules"] == 3
    made = [load_encoder(tmp_path / name, device="cpu") for name in ("t", "s")]
    parts = (str(tmp_path / "t"), str(tmp_path / "s"))
    whole = tiny(method="committee", model={}, parts=parts, **files)
    card = run_join(whole, material, tmp_path / "whole", made)
    loaded = load_encoder(tmp_path / "whole", device="cpu")
    assert loaded.network.config.towers == 2
    assert [part["name"] for part in card["training"]["parts"]] == ["1:teacher", "2:encoder"]
    assert card["training"]["parts"][1]["identity"] == made[1].identity
    views = side_by_side(made, material.store)
    z = loaded.encode_store(material.store)
    assert np.corrcoef((z @ z.T).ravel(), (views @ views.T).ravel())[0, 1] > 0.8


def test_networks_of_a_committee_are_trained_on_together(tmp_path: Path) -> None:
    write_families(tmp_path)
    files = {"activities": "a.csv", "conformers": "", "development": "", "steps": 3}
    flat = tiny(model={**tiny().model, **QUIET}, **files)
    material = gathered(flat, tmp_path)
    for name, seed in (("one", 1), ("two", 2)):
        torch.manual_seed(seed)
        save_encoder(tmp_path / name, Network(encoder_config(flat)), {"name": name})
    parts = tuple(str(tmp_path / name) for name in ("one", "two"))
    joined = tiny(method="committee", model={}, parts=parts, **files)
    run_join(joined, material, tmp_path / "both", [load_encoder(p, device="cpu") for p in parts])
    parent = load_encoder(tmp_path / "both", device="cpu")
    before = {name: tensor.clone() for name, tensor in parent.network.state_dict().items()}
    device, hooks = torch.device("cpu"), Hooks(lambda report: None, lambda *_: None)
    for method, soft in (("supervised", {}), ("taught", {"teachers": (str(tmp_path / "both"),)})):
        soft |= {"unlabelled": "u.csv", "molecules_per_step": 8, "pool": 14, "nearest": 3}
        config = tiny(
            method=method, soft=soft, model={}, start_from=str(tmp_path / "both"),
            prototypes=1.0, prototype_start="ligands", learning_rate=1e-2, **files,
        )  # fmt: skip
        out = tmp_path / method
        run_training(config, gathered(config, tmp_path), out, device, hooks, parent)
        found = load_encoder(out, device="cpu")
        assert found.network.config == parent.network.config
        for name, tensor in parent.network.state_dict().items():
            assert torch.equal(tensor, before[name]), "the parent is as it was"
        learned = found.network.state_dict()
        for tower in ("towers.0.", "towers.1."):
            names = [n for n in learned if n.startswith(tower) and learned[n].is_floating_point()]
            assert any(not torch.allclose(learned[n], before[n], atol=1e-3) for n in names)
