"""Training learns, and an interrupted run ends as an uninterrupted one."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sparse
import torch
from families import contrast, labelled, method_for, run, tiny

from molsearch.config import TrainConfig
from molsearch.data.graph import collate
from molsearch.data.sampler import PairSampler
from molsearch.data.store import GraphStore
from molsearch.errors import InputError, UsageError
from molsearch.losses.activity_weights import activity_weights
from molsearch.losses.info_nce import info_nce
from molsearch.train import loop
from molsearch.train.learner import embed, with_weights
from molsearch.train.prefixes import prefix
from molsearch.train.schedule import rate
from molsearch.train.state import TrainState


@pytest.fixture(scope="module")
def store() -> GraphStore:
    return labelled()


def _run(
    config: TrainConfig, store: GraphStore, folder: Path, stop: int | None = None
) -> TrainState:
    return run(config, method_for(config, store), folder, stop)


def test_loss_falls_and_families_draw_together(store: GraphStore, tmp_path: Path) -> None:
    state = _run(tiny(steps=80, ema=0.5, learning_rate=3e-3), store, tmp_path)
    losses = [row["loss"] for row in state.history]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    network = with_weights(state.learners["f"], state.learners["f"].average)
    with torch.no_grad():
        z = embed(network, store, np.arange(12), micro_batch=4)
    assert contrast(z) > 0.3


def test_interrupted_run_equals_an_uninterrupted_one(store: GraphStore, tmp_path: Path) -> None:
    config = tiny()
    whole = _run(config, store, tmp_path / "whole")
    _run(config, store, tmp_path / "cut", stop=7)  # last checkpoint: the evaluation of step 5
    resumed = _run(config, store, tmp_path / "cut")
    assert [row["step"] for row in resumed.history] == list(range(1, 13))
    assert [row["loss"] for row in resumed.history] == [row["loss"] for row in whole.history]
    one, other = whole.learners["f"], resumed.learners["f"]
    assert one.best == other.best
    for name, tensor in one.average.items():
        assert torch.equal(tensor, other.average[name]), name
    for name, tensor in one.best_average.items():
        assert torch.equal(tensor, other.best_average[name]), name


def test_checkpoint_of_another_configuration_is_refused(store: GraphStore, tmp_path: Path) -> None:
    _run(tiny(), store, tmp_path, stop=6)
    with pytest.raises(UsageError, match="another configuration"):
        loop.start(tiny(temperature=0.2), tmp_path, torch.device("cpu"))


def test_damaged_checkpoint_is_named(store: GraphStore, tmp_path: Path) -> None:
    _run(tiny(), store, tmp_path, stop=6)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="damaged checkpoint"):
        loop.start(tiny(), tmp_path, torch.device("cpu"))


def test_loss_that_is_no_number_stops_the_run(store: GraphStore, tmp_path: Path) -> None:
    state = loop.start(tiny(), tmp_path, torch.device("cpu"))
    with torch.no_grad():
        state.learners["f"].network.head.weight[0] = torch.nan
    with pytest.raises(UsageError, match="loss of step 1 is nan: lower learning_rate"):
        loop.one_step(state, tiny(), method_for(tiny(), store))


def test_micro_batches_do_not_change_the_embeddings(store: GraphStore, tmp_path: Path) -> None:
    state = loop.start(tiny(), tmp_path, torch.device("cpu"))
    network, rows = state.learners["f"].network.eval(), np.array([3, 11, 0, 7, 5])
    with torch.no_grad():
        one = embed(network, store, rows, micro_batch=1)
        all_ = embed(network, store, rows, micro_batch=9)
    assert torch.allclose(one, all_, atol=2e-5)


def test_a_network_without_conformers_is_forwarded_at_once(
    store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def counted(store: GraphStore, rows: np.ndarray, **how: Any) -> Any:
        sizes.append(len(rows))
        return collate(store, rows, **how)

    monkeypatch.setattr("molsearch.train.learner.collate", counted)
    rows = np.array([3, 11, 0, 7, 5])
    flat = tiny(model={**tiny().model, "use_geometry": False})
    for config, recompute, expected in (
        (flat, False, [5]),
        (flat, True, [2, 2, 1]),
        (tiny(), False, [2, 2, 1]),
    ):
        sizes.clear()
        network = loop.start(config, tmp_path / str(len(sizes)), torch.device("cpu"))
        embed(network.learners["f"].network, store, rows, micro_batch=2, recompute=recompute)
        assert sizes == expected


def test_rate_warms_up_and_falls() -> None:
    rates = [rate(step, 200, 0.1) for step in range(200)]
    assert rates[:20] == pytest.approx([(i + 1) / 20 for i in range(20)])
    assert all(a >= b for a, b in itertools.pairwise(rates[20:]))
    assert rates[-1] < 1e-3
    assert rate(0, 1, 0.0) == 1.0


def test_strong_pairs_weigh_more_where_it_is_asked(store: GraphStore, tmp_path: Path) -> None:
    model = {**tiny().model, "dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}
    losses = {}
    for slope in (0.0, 1.0):
        config = tiny(model=model, coordinate_noise=0.0, activity_weight=slope)
        method = method_for(config, store)
        strength = np.repeat([6.0, 7.0, 9.0], 4)[:, None] * np.kron(np.eye(3), np.ones((4, 1)))
        acts_on = sparse.csr_matrix(strength > 0)
        method.sampler = PairSampler(acts_on, 3, seed=1, pchembl=sparse.csr_matrix(strength))
        state = loop.start(config, tmp_path / str(slope), torch.device("cpu"))
        losses[slope] = next(iter(method.objectives(state))).loss.item()
    batch = method.draw(0)
    with torch.no_grad():
        network = state.learners["f"].network
        z1, z2 = (embed(network, store, r, micro_batch=3) for r in (batch.first, batch.second))
        weights = activity_weights(torch.from_numpy(batch.pchembl), 1.0)
        parts = [
            info_nce(prefix(z1, w), prefix(z2, w), temperature=0.07, weights=weights)
            for w in (8, 16)
        ]
    assert losses[1.0] == pytest.approx(torch.stack(parts).mean().item(), rel=1e-4)
    assert losses[1.0] != pytest.approx(losses[0.0], rel=1e-3)
