"""Alignment of 3D and substructures: the loss, what is learned, who gets gradient, a kill."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import cut_and_whole, labelled, run, sampler, tiny
from molecules import conformer, store_of
from pydantic import ValidationError

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.nn.encoder import Encoder
from molsearch.train import loop
from molsearch.train.align import Alignment, read_out, refuse_without_geometry
from molsearch.train.learner import embed, encoder_config, with_weights
from molsearch.train.supervised import Supervised
from molsearch.train.views import View

QUIET = {"dropout": 0.0, "environment_dropout": 0.0}


def _config(**changes: Any) -> TrainConfig:
    align = {"weight": 0.5, "molecules": 6, **changes.pop("align", {})}
    return tiny(**changes, align=align)


def _method(config: TrainConfig, pairs: GraphStore) -> Supervised:
    draws = sampler()
    return Supervised(config, pairs, draws, terms=[Alignment(config, pairs, draws.acts_on)])


def _term(config: TrainConfig, pairs: GraphStore) -> Alignment:
    return Alignment(config, pairs, sampler().acts_on)


def test_loss_is_that_of_a_loop_over_molecules(pairs: GraphStore, tmp_path: Path) -> None:
    """With conformers hidden at random, too: what has no bag must keep its own."""
    model = {**tiny().model, **QUIET, "geometry_dropout": 0.9, "matryoshka": (16,)}
    config = _config(model=model, coordinate_noise=0.0)
    term = _term(config, pairs)
    state = loop.start(config, tmp_path, torch.device("cpu"))
    found = term.objective(0, state.learners["f"])
    rows = term.draw(0)
    assert len(set(rows)) == 6
    assert pairs.has_geometry[rows].all()
    network = state.learners["f"].network.eval()
    with torch.no_grad():
        sides = [
            embed(network, pairs, rows, micro_batch=6, view=View(sees=sees)).numpy()
            for sees in ("geometry", "substructures")
        ]
    losses, nearest = [], []
    for one, other in (sides, sides[::-1]):
        for i in range(6):
            s = one[i] @ other.T / config.align.temperature
            rest = [s[j] for j in range(6) if rows[j] // 4 != rows[i] // 4]  # of another target
            losses.append(-s[i] + math.log(math.exp(s[i]) + sum(map(math.exp, rest))))
    nearest = [int((sides[0][i] @ sides[1].T).argmax()) == i for i in range(6)]
    assert found.loss.item() == pytest.approx(0.5 * np.mean(losses), rel=1e-4)
    assert found.report["align"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert found.report["aligned"] == pytest.approx(np.mean(nearest))
    assert found.n_molecules == 12


@pytest.mark.parametrize(
    ("fixed", "graph", "table"),
    [("none", True, True), ("geometry", False, True), ("substructures", True, False)],
)
def test_gradient_reaches_the_sides_that_are_not_fixed(
    pairs: GraphStore, tmp_path: Path, fixed: str, graph: bool, table: bool
) -> None:
    config = _config(align={"fixed": fixed})
    learner = loop.start(config, tmp_path, torch.device("cpu")).learners["f"]
    _term(config, pairs).objective(0, learner).loss.backward()  # type: ignore[no-untyped-call]
    norms = {
        name: 0.0 if p.grad is None else float(p.grad.norm())
        for name, p in learner.network.named_parameters()
    }
    assert (norms["graph.pair_readout.first.weight"] > 0) is graph
    assert (norms["environments.table.weight"] > 0) is table
    assert norms["head.weight"] > 0
    assert all(map(math.isfinite, norms.values()))


def test_either_side_learns_to_name_the_other(tmp_path: Path) -> None:
    """Molecules of no common target: all are told apart, which pairs alone do not teach."""
    pairs = labelled()
    recognised = {}
    for weight in (0.0, 2.0):
        align = {"weight": weight, "molecules": 11, "temperature": 0.1}
        model = {**tiny().model, **QUIET}
        config = _config(steps=60, learning_rate=3e-3, align=align, model=model)
        none = Alignment(config, pairs, lambda rows: np.eye(12, dtype=bool)[rows])
        draws = sampler()
        state = run(config, Supervised(config, pairs, draws, terms=[none]), tmp_path / str(weight))
        recognised[weight] = np.mean([row["aligned"] for row in state.history[-5:]])
    assert recognised[2.0] > 0.7
    assert recognised[0.0] < recognised[2.0] - 0.3


def test_interrupted_run_equals_an_uninterrupted_one(pairs: GraphStore, tmp_path: Path) -> None:
    config = _config()
    cut_and_whole(config, lambda: _method(config, pairs), tmp_path)


def test_substructures_read_out_embed_as_the_whole_does_without_conformers(
    pairs: GraphStore, tmp_path: Path
) -> None:
    config = _config(readout="substructures")
    learner = loop.start(config, tmp_path, torch.device("cpu")).learners["f"]
    whole = with_weights(learner, learner.average)
    flat = read_out(config, whole)
    assert flat.config.use_geometry is False
    assert not any(name.startswith("graph.") for name, _ in flat.named_parameters())
    found = Encoder(flat, identity="", card={}).encode_store(pairs)
    with torch.no_grad():
        hidden = embed(whole, pairs, np.arange(12), micro_batch=12, view=View(sees="substructures"))
    np.testing.assert_allclose(found, hidden.numpy(), atol=1e-6)
    assert np.abs(found - Encoder(whole, identity="", card={}).encode_store(pairs)).max() > 1e-3
    assert read_out(_config(), whole) is whole
    assert read_out(config, flat) is flat


@pytest.mark.parametrize(
    ("setting", "model"),
    [
        ({"align": {"weight": 1.0}}, {"use_geometry": False}),
        ({"align": {"weight": 1.0}}, {"use_substructure": False}),
        ({"readout": "substructures"}, {"use_substructure": False}),
        ({"shuffled_conformers": True}, {"use_geometry": False}),
    ],
)
def test_a_model_without_either_branch_is_refused_by_name(
    setting: dict[str, Any], model: dict[str, bool]
) -> None:
    config = tiny(**setting, model={**tiny().model, **model})
    with pytest.raises(UsageError, match=rf"{next(iter(setting))} needs .*: set model") as caught:
        refuse_without_geometry(config, encoder_config(config))
    assert "\n" not in str(caught.value)
    refuse_without_geometry(tiny(model=config.model), encoder_config(config))


def test_no_conformers_and_no_activities_are_refused(pairs: GraphStore) -> None:
    smiles = ["CCO", "CCN", "CCC"]
    store = store_of(smiles, [conformer("CCO"), None, None])
    with pytest.raises(UsageError, match=r"align: fewer than two .* have a conformer; name"):
        Alignment(_config(), store, sampler().acts_on)
    with pytest.raises(ValidationError, match="align: method self_supervised"):
        _config(method="self_supervised")
    with pytest.raises(ValidationError, match=r"align\.fixed"):
        _config(align={"fixed": "both"})
