"""Target prototypes are learned beside the encoder, survive a kill, and never ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sparse
import torch
from families import (
    ACIDS,
    AMINES,
    SULFONAMIDES,
    cut_and_whole,
    labelled,
    method_for,
    run,
    tiny,
    unlabelled,
)
from pydantic import ValidationError

from molsearch.data.activities import Activities
from molsearch.data.store import GraphStore
from molsearch.losses.prototypes import prototype_loss
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.train import loop, prototypes
from molsearch.train.learner import embed, encoder_config, with_weights
from molsearch.train.material import Material
from molsearch.train.prototypes import among_ligands
from molsearch.train.run import Hooks, run_training

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


def _parent() -> Encoder:
    torch.manual_seed(4)
    return Encoder(Network(encoder_config(tiny())), identity="parent", card={})


def test_vectors_may_start_at_the_mean_of_some_of_their_ligands(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = _parent()
    members = np.zeros((12, 4), bool)
    members[:4, 0] = members[3:9, 1] = members[0, 2] = members[9:, 3] = True  # 2: one ligand
    acts_on = sparse.csr_matrix(members)
    z = parent.encode_store(store)
    means = np.stack([z[members[:, target]].sum(0) for target in (0, 1, 3)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    found = among_ligands(parent, store, acts_on, seed=1).numpy()
    np.testing.assert_allclose(found, means, atol=1e-5)
    monkeypatch.setattr(prototypes, "N_LIGANDS", 2)
    few = among_ligands(parent, store, acts_on, seed=1)
    assert torch.equal(few, among_ligands(parent, store, acts_on, seed=1))
    assert not np.allclose(few.numpy(), means, atol=1e-3)


def test_a_run_from_an_encoder_starts_there_once(store: GraphStore, tmp_path: Path) -> None:
    parent = _parent()
    acts_on = sparse.csr_matrix(np.kron(np.eye(3), np.ones((4, 1))) > 0)
    smiles = [*ACIDS, *AMINES, *SULFONAMIDES]
    families = Activities(smiles, smiles, ["a", "b", "c"], acts_on)
    material = Material(families, store)
    hooks = Hooks(lambda report: None, lambda *_: None)
    first = {}
    for start in ("random", "ligands"):
        config = tiny(prototypes=1.0, start_from="x", prototype_start=start, steps=3)
        folder, device = tmp_path / start, torch.device("cpu")
        run_training(config, material, folder, device, hooks, parent)
        state = loop.start(config, folder, device, ("f",), parent.network, n_targets=3)
        first[start] = state.history[0]["prototypes"]
        learned = state.learners["f"].prototypes.detach().clone()
        run_training(config, material, folder, device, hooks, parent)  # done: nothing begins anew
        state = loop.start(config, folder, device, ("f",), parent.network, n_targets=3)
        assert torch.equal(state.learners["f"].prototypes, learned)
    assert first["ligands"] < first["random"]


def test_a_start_without_an_encoder_is_refused() -> None:
    for changes in ({"prototypes": 1.0}, {"start_from": "x"}):
        with pytest.raises(ValidationError, match="prototype_start ligands needs an encoder"):
            tiny(prototype_start="ligands", **changes)
