"""g learns from two views of molecules; activities have no part in it; a kill changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sparse
import torch
from families import OTHERS, cut_and_whole, family_table, method_for, run, tiny
from pydantic import ValidationError

from molsearch.chem.counters import Buckets
from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.errors import InputError
from molsearch.losses.info_nce import info_nce
from molsearch.train import loop
from molsearch.train.learner import embed, encoder_config
from molsearch.train.material import Featuriser, Material, gather
from molsearch.train.methods import method_of
from molsearch.train.run import Hooks, run_training

QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}


def _config(**changes: Any) -> TrainConfig:
    soft = {"molecules_per_step": 12, "labelled_share": 0.5}
    return tiny(**{"method": "self_supervised", "soft": soft, **changes})


def test_views_of_a_molecule_come_to_agree(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(steps=80, learning_rate=3e-3)
    state = run(config, method_for(config, pairs, rest), tmp_path)
    assert set(state.learners) == {"g"}
    losses = [row["loss"] for row in state.history]
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.3
    assert state.history[0]["molecules"] == 2 * 12


def test_loss_is_the_contrast_of_all_the_steps_molecules(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    model = {**tiny().model, **QUIET, "matryoshka": (8, 16)}
    config = _config(model=model, coordinate_noise=0.0)
    method = method_for(config, pairs, rest)
    state = loop.start(config, tmp_path, torch.device("cpu"), method.learners)
    (found,) = method.objectives(state)
    network = state.learners["g"].network
    with torch.no_grad():
        z = embed(network, method.stream.draw(0), np.arange(12), micro_batch=12)
        parts = [torch.nn.functional.normalize(z[:, :width], dim=1) for width in (8, 16)]
        expected = np.mean([info_nce(p, p, temperature=0.07).item() for p in parts])
    assert found.learner == "g"
    assert found.loss.item() == pytest.approx(expected, rel=1e-4)


def test_views_differ(pairs: GraphStore, tmp_path: Path) -> None:
    losses = []
    for noise in (0.0, 0.5):
        config = _config(model={**tiny().model, **QUIET}, coordinate_noise=noise)
        method = method_for(config, pairs)
        state = loop.start(config, tmp_path, torch.device("cpu"), method.learners)
        losses.append(next(iter(method.objectives(state))).loss.item())
    assert losses[1] > losses[0] + 1e-3


def test_interrupted_run_equals_an_uninterrupted_one(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(atom_masking=0.1)
    method = method_for(config, pairs, rest)
    cut_and_whole(config, lambda: method, tmp_path)


def _material(folder: Path, config: TrainConfig) -> Material:
    family_table().to_csv(folder / "a.csv", index=False)
    pd.DataFrame({"smiles": OTHERS}).to_csv(folder / "u.csv", index=False)
    return gather(config, folder, Featuriser(Buckets(997), folder / "cache", 1, lambda n: None))


def test_labels_have_no_part_and_the_card_says_so(tmp_path: Path) -> None:
    soft = {"molecules_per_step": 12, "labelled_share": 0.5, "unlabelled": "u.csv"}
    files = {"activities": "a.csv", "conformers": "", "development": "", "steps": 3}
    config = _config(soft=soft, **files)
    material = _material(tmp_path, config)
    assert material.unlabelled is not None
    nobody = replace(material.activities, acts_on=sparse.csr_matrix((12, 3), dtype=bool))
    without = replace(material, activities=nobody)
    losses: list[list[float]] = []
    for name, known in (("with", material), ("without", without)):
        hooks = Hooks(lambda report: losses[-1].append(report.loss), lambda *_: None)
        losses.append([])
        card = run_training(config, known, tmp_path / name, torch.device("cpu"), hooks)
        made = card["training"]
        assert (made["pairs"], made["targets"], made["encoder"]) == (0, 0, "g")
        assert made["unlabelled_molecules"] == 9
        assert "no activity was looked at" in card["limits"][0]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 3
    supervised = config.model_copy(update={"method": "supervised"})
    with pytest.raises(InputError, match="nothing to contrast"):
        method_of(supervised, without, encoder_config(supervised))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("partners", 2),
        ("prototypes", 0.5),
        ("activity_weight", 1.0),
        ("activities_limit", 10),
        ("soft", {"supervised": 1.0}),
    ],
)
def test_settings_of_labelled_pairs_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=f"{name}.*looks at no activities"):
        _config(**{name: value})
