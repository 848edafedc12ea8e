"""Training learns, and an interrupted run ends as an uninterrupted one."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sparse
import torch
from molecules import SMALL, SMILES, conformer, store_of

from molsearch.config import TrainConfig
from molsearch.data.sampler import PairSampler
from molsearch.data.store import GraphStore
from molsearch.errors import InputError, UsageError
from molsearch.train import loop
from molsearch.train.schedule import rate
from molsearch.train.state import TrainState

ACIDS = ["OC(=O)c1ccccc1", "OC(=O)c1ccccc1C", "OC(=O)Cc1ccccc1", "OC(=O)c1ccc(F)cc1"]
AMINES = ["NCCc1ccccc1", "CNCCc1ccccc1", "NCC(C)c1ccccc1", "NCCc1ccc(O)cc1"]
SULFONAMIDES = ["NS(=O)(=O)c1ccccc1", SMILES[5], "NS(=O)(=O)c1ccc(C)cc1", "CNS(=O)(=O)c1ccccc1"]


@pytest.fixture(scope="module")
def store() -> GraphStore:
    """Three families of four ligands each; one ligand has no conformer."""
    smiles = ACIDS + AMINES + SULFONAMIDES
    return store_of(smiles, [None, *[conformer(s) for s in smiles[1:]]])


def _sampler() -> PairSampler:
    return PairSampler(sparse.csr_matrix(np.kron(np.eye(3), np.ones((4, 1))) > 0), 3, seed=1)


def _config(**changes: object) -> TrainConfig:
    model = {**SMALL, "matryoshka": (8, 16), "dropout": 0.1, "environment_dropout": 0.2}
    content = {"steps": 12, "pairs_per_step": 3, "micro_batch": 4, "evaluate_every": 5}
    return TrainConfig.model_validate({**content, "model": model, **changes})


def _run(
    config: TrainConfig, store: GraphStore, folder: Path, stop: int | None = None
) -> TrainState:
    state = loop.start(config, folder, torch.device("cpu"))
    steps = loop.train(
        state,
        config,
        store,
        _sampler(),
        folder,
        on_step=lambda report: state.history.append({"step": report.step, "loss": report.loss}),
        evaluate=lambda s: -s.history[-1]["loss"],
    )
    for step in steps:
        if step == stop:
            break
    return state


def test_loss_falls_and_families_draw_together(store: GraphStore, tmp_path: Path) -> None:
    state = _run(_config(steps=80, ema=0.5, learning_rate=3e-3), store, tmp_path)
    losses = [row["loss"] for row in state.history]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    network = loop.averaged(state, state.average)
    with torch.no_grad():
        z = loop.embed(network, store, np.arange(12), _config(coordinate_noise=0.0))
    family = np.repeat(np.arange(3), 4)
    similar = (z @ z.T).numpy()
    same = family[:, None] == family
    assert similar[same & ~np.eye(12, dtype=bool)].mean() > similar[~same].mean() + 0.3


def test_interrupted_run_equals_an_uninterrupted_one(store: GraphStore, tmp_path: Path) -> None:
    config = _config()
    whole = _run(config, store, tmp_path / "whole")
    _run(config, store, tmp_path / "cut", stop=7)  # last checkpoint: the evaluation of step 5
    resumed = _run(config, store, tmp_path / "cut")
    assert [row["step"] for row in resumed.history] == list(range(1, 13))
    assert [row["loss"] for row in resumed.history] == [row["loss"] for row in whole.history]
    assert resumed.best == whole.best
    for name, tensor in whole.average.items():
        assert torch.equal(tensor, resumed.average[name]), name
    for name, tensor in whole.best_average.items():
        assert torch.equal(tensor, resumed.best_average[name]), name


def test_checkpoint_of_another_configuration_is_refused(store: GraphStore, tmp_path: Path) -> None:
    _run(_config(), store, tmp_path, stop=6)
    with pytest.raises(UsageError, match="another configuration"):
        loop.start(_config(temperature=0.2), tmp_path, torch.device("cpu"))


def test_damaged_checkpoint_is_named(store: GraphStore, tmp_path: Path) -> None:
    _run(_config(), store, tmp_path, stop=6)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="damaged checkpoint"):
        loop.start(_config(), tmp_path, torch.device("cpu"))


def test_loss_that_is_no_number_stops_the_run(store: GraphStore, tmp_path: Path) -> None:
    state = loop.start(_config(), tmp_path, torch.device("cpu"))
    with torch.no_grad():
        state.network.head.weight[0] = torch.nan
    with pytest.raises(FloatingPointError, match="loss of step 0"):
        loop.one_step(state, _config(), store, _sampler().draw(0))


def test_micro_batches_do_not_change_the_embeddings(store: GraphStore, tmp_path: Path) -> None:
    state = loop.start(_config(), tmp_path, torch.device("cpu"))
    network, rows = state.network.eval(), np.array([3, 11, 0, 7, 5])
    with torch.no_grad():
        one = loop.embed(network, store, rows, _config(micro_batch=1, coordinate_noise=0.0))
        all_ = loop.embed(network, store, rows, _config(micro_batch=9, coordinate_noise=0.0))
    assert torch.allclose(one, all_, atol=2e-5)


def test_rate_warms_up_and_falls() -> None:
    rates = [rate(step, 200, 0.1) for step in range(200)]
    assert rates[:20] == pytest.approx([(i + 1) / 20 for i in range(20)])
    assert all(a >= b for a, b in itertools.pairwise(rates[20:]))
    assert rates[-1] < 1e-3
    assert rate(0, 1, 0.0) == 1.0
