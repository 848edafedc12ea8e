"""Overlays as a target: what the head learns, and that a kill changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from families import ACIDS, AMINES, FAMILY, cut_and_whole, family_table, run, sampler, tiny
from molecules import SMALL
from pydantic import ValidationError

from molsearch.chem.counters import Buckets
from molsearch.config import TrainConfig
from molsearch.data.overlay_pairs import OverlayPairs
from molsearch.data.store import GraphStore
from molsearch.errors import InputError
from molsearch.losses.pair_regression import pair_regression
from molsearch.service.train_words import opening
from molsearch.train import loop
from molsearch.train.learner import embed, with_weights
from molsearch.train.material import Featuriser, gather
from molsearch.train.run import Hooks, run_training
from molsearch.train.shapes import Shapes
from molsearch.train.supervised import Supervised

QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}
FIRST, SECOND = (x.ravel() for x in np.nonzero(~np.eye(12, dtype=bool)))
# Families 0 and 1 are alike in shape, which no label says.
ALIKE = (FAMILY[FIRST] < 2) == (FAMILY[SECOND] < 2)
PAIRS = OverlayPairs(FIRST, SECOND, np.where(ALIKE, 0.7, 0.4).astype(np.float32), 0)


def _config(**changes: Any) -> TrainConfig:
    shapes = {"weight": 0.5, "anchors": 3, **changes.pop("shapes", {})}
    return tiny(**changes, shapes=shapes)


def _method(config: TrainConfig, pairs: GraphStore) -> Supervised:
    return Supervised(config, pairs, sampler(), terms=[Shapes(config, pairs, PAIRS)])


def test_loss_is_the_regression_of_the_pairs_drawn(pairs: GraphStore, tmp_path: Path) -> None:
    config = _config(model={**tiny().model, **QUIET}, coordinate_noise=0.0)
    method = _method(config, pairs)
    state = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3)
    _, found = method.objectives(state)
    drawn = PAIRS.draw(0, 3, config.seed)
    f = state.learners["f"]
    with torch.no_grad():
        one, other = (
            embed(f.network, pairs, rows[drawn], micro_batch=8) for rows in (FIRST, SECOND)
        )
        expected = pair_regression(
            one,
            other,
            torch.eye(16),
            torch.tensor([0.0, 0.1]),
            torch.from_numpy(PAIRS.overlay[drawn]) - PAIRS.mean,
            spread=PAIRS.spread,
        )
    assert found.report["shapes"] == pytest.approx(expected.item(), rel=1e-4)
    assert found.loss.item() == pytest.approx(0.5 * expected.item(), rel=1e-4)
    assert found.n_molecules == len(np.unique([FIRST[drawn], SECOND[drawn]]))


def test_the_encoder_learns_what_no_label_says(pairs: GraphStore, tmp_path: Path) -> None:
    nearer, explained = {}, {}
    for shuffled in (False, True):
        shapes = {"weight": 2.0, "shuffled": shuffled}
        config = _config(steps=80, ema=0.5, learning_rate=3e-3, shapes=shapes)
        state = run(config, _method(config, pairs), tmp_path / str(shuffled))
        f = state.learners["f"]
        with torch.no_grad():
            z = embed(with_weights(f, f.average), pairs, np.arange(12), micro_batch=12)
        similar = z @ z.T
        nearer[shuffled] = float(similar[:4, 4:8].mean() - similar[:8, 8:].mean())
        explained[shuffled] = 1 - np.mean([row["shapes"] for row in state.history[-10:]])
    assert explained[False] > 0.5 > explained[True] + 0.2
    assert nearer[False] > nearer[True] + 0.1


def test_interrupted_run_equals_an_uninterrupted_one(pairs: GraphStore, tmp_path: Path) -> None:
    config = _config()
    whole, resumed = cut_and_whole(config, lambda: _method(config, pairs), tmp_path)
    one, other = whole.learners["f"], resumed.learners["f"]
    assert set(one.heads) == {"shapes.map", "shapes.line"}
    for name in one.heads:
        assert torch.equal(one.heads[name], other.heads[name]), name
    assert not torch.equal(one.heads["shapes.map"], torch.eye(16))


def test_switched_off_nothing_changes(tmp_path: Path) -> None:
    states = [loop.start(c, tmp_path, torch.device("cpu")) for c in (tiny(), _config())]
    off, on = (state.learners["f"] for state in states)
    assert off.heads == {}
    for a, b in zip(off.network.parameters(), on.network.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(ValidationError, match="shapes: method self_supervised"):
        _config(method="self_supervised")


def test_a_run_from_files_tells_of_its_overlays(tmp_path: Path) -> None:
    family_table().to_csv(tmp_path / "a.csv", index=False)
    rows = [(ACIDS[0], AMINES[0], 0.5), (ACIDS[1], AMINES[1], 0.6), ("CCO", AMINES[0], 0.5)]
    overlays = pd.DataFrame(rows, columns=["first", "second", "overlay"])
    overlays.to_csv(tmp_path / "o.csv", index=False)
    files = {"activities": "a.csv", "conformers": "", "development": "", "steps": 2}
    config = _config(**files, shapes={"table": "o.csv"})
    buckets = Buckets(SMALL["n_buckets"])
    featuriser = Featuriser(buckets, tmp_path / "cache", 1, lambda n: None)
    material = gather(config, tmp_path, featuriser)
    assert opening(material)[1] == "2 overlays of pairs; left out: 1 of other molecules"
    hooks = Hooks(lambda report: None, lambda *_: None)
    card = run_training(config, material, tmp_path / "run", torch.device("cpu"), hooks)
    assert card["training"]["config"]["shapes"]["weight"] == 0.5
    with pytest.raises(InputError, match="no such table of overlays"):
        gather(_config(**files), tmp_path, featuriser)
