"""Target prototypes are learned beside the encoder, survive a kill, and never ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from families import cut_and_whole, labelled, method_for, run, tiny, unlabelled

from molsearch.data.store import GraphStore
from molsearch.losses.prototypes import prototype_loss
from molsearch.train import loop
from molsearch.train.learner import embed, with_weights

QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}


@pytest.fixture(scope="module")
def store() -> GraphStore:
    return labelled()


def test_vectors_come_to_lie_among_their_ligands(store: GraphStore, tmp_path: Path) -> None:
    config = tiny(prototypes=1.0, steps=60, ema=0.5, prototype_learning_rate=0.02)
    state = run(config, method_for(config, store), tmp_path)
    f = state.learners["f"]
    losses = [row["prototypes"] for row in state.history]
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:5])
    with torch.no_grad():
        z = embed(with_weights(f, f.average), store, np.arange(12), micro_batch=12)
    vectors = torch.nn.functional.normalize(f.prototypes.detach(), dim=1)
    assert (z @ vectors.T).argmax(1).tolist() == np.repeat(np.arange(3), 4).tolist()


def test_loss_is_the_weighted_sum(store: GraphStore, tmp_path: Path) -> None:
    model = {**tiny().model, **QUIET, "matryoshka": (16,)}
    config = tiny(prototypes=0.3, model=model, coordinate_noise=0.0)
    method = method_for(config, store)
    state = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3)
    (found,) = method.objectives(state)
    batch = method.draw(0)
    rows = np.concatenate([batch.first, batch.second])
    f = state.learners["f"]
    with torch.no_grad():
        z = embed(f.network, store, rows, micro_batch=6)
        family = torch.from_numpy(rows // 4)
        known = torch.nn.functional.one_hot(family, 3).bool()
        expected = prototype_loss(z, f.prototypes, family, known, temperature=0.07)
    assert found.report["prototypes"] == pytest.approx(expected.item(), rel=1e-4)
    total = found.report["supervised"] + 0.3 * found.report["prototypes"]
    assert found.loss.item() == pytest.approx(total, rel=1e-5)


def test_interrupted_run_equals_an_uninterrupted_one(store: GraphStore, tmp_path: Path) -> None:
    soft = {"molecules_per_step": 12, "neighbours": 3.0, "supervised": 0.5}
    config = tiny(prototypes=0.5, method="semi_supervised", soft=soft)
    method = method_for(config, store, unlabelled())
    whole, resumed = cut_and_whole(config, lambda: method, tmp_path)
    for name in "fg":
        one, other = whole.learners[name], resumed.learners[name]
        assert torch.equal(one.prototypes, other.prototypes)
        assert not torch.equal(one.prototypes, _fresh(config, tmp_path / name))


def _fresh(config, folder: Path) -> torch.Tensor:
    return loop.start(config, folder, torch.device("cpu"), n_targets=3).learners["f"].prototypes


def test_switched_off_there_are_none_and_random_numbers_are_the_same(
    store: GraphStore, tmp_path: Path
) -> None:
    weights, states = [], []
    for weight in (0.0, 1.0):
        config = tiny(prototypes=weight)
        state = loop.start(config, tmp_path / str(weight), torch.device("cpu"), n_targets=3)
        assert (state.learners["f"].prototypes is None) == (weight == 0.0)
        weights.append(state.learners["f"].network.head.weight.detach())
        states.append(torch.get_rng_state())
    assert torch.equal(*weights)
    assert torch.equal(*states)


def test_an_encoder_without_labelled_pairs_has_none(tmp_path: Path) -> None:
    config = tiny(prototypes=1.0, method="semi_supervised")
    state = loop.start(config, tmp_path, torch.device("cpu"), ("f", "g"), n_targets=3)
    assert state.learners["f"].prototypes.shape == (3, 16)
    assert state.learners["g"].prototypes is None


def test_vectors_are_no_part_of_what_ships(tmp_path: Path) -> None:
    config = tiny(prototypes=1.0)
    f = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3).learners["f"]
    names = {name for name, _ in with_weights(f, f.average).named_parameters()}
    assert names == set(f.average)
    assert not any("prototype" in name for name in names)
