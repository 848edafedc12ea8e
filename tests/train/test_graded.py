"""Graded activity in training: lists by type, what they teach, weights and chances."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sparse
import torch
from families import FAMILY, cut_and_whole, run, sampler, tiny
from pydantic import ValidationError

from molsearch.config import TrainConfig
from molsearch.data.activities import Activities, load_activities
from molsearch.data.graded import GradedSampler
from molsearch.data.sampler import PairSampler, shared_by
from molsearch.data.store import GraphStore
from molsearch.errors import InputError
from molsearch.losses.graded import listwise_loss
from molsearch.train import loop
from molsearch.train.graded import graded_of
from molsearch.train.learner import embed
from molsearch.train.supervised import Supervised

ACTS_ON = sparse.csr_matrix(np.kron(np.eye(3), np.ones((4, 1))) > 0)
# 8, 7, 6, 5 within each family.
VALUES = sparse.csr_matrix(np.kron(np.eye(3), np.array([[8.0], [7.0], [6.0], [5.0]])))
ACTIVITIES = Activities([""] * 12, [""] * 12, ["a", "b", "c"], ACTS_ON, VALUES)


def _config(**changes: Any) -> TrainConfig:
    graded = {"weight": 0.5, "lists": 2, "ligands": 3, **changes.pop("graded", {})}
    return tiny(**{"prototypes": 1.0, **changes, "graded": graded})


def _method(config: TrainConfig, pairs: GraphStore) -> Supervised:
    term = graded_of(config, ACTIVITIES, pairs, np.arange(3))
    return Supervised(config, pairs, sampler(), terms=[term])


def _lists(kinds: sparse.csr_matrix | None = None, **changes: Any) -> GradedSampler:
    settings = {"lists": 3, "ligands": 6, "gap": 0.5, "seed": 1, **changes}
    return GradedSampler(ACTS_ON, VALUES, kinds, np.arange(3), **settings)


def test_lists_hold_ligands_of_one_target_with_their_activities() -> None:
    batch = _lists().draw(3)
    assert sorted(batch.targets.tolist()) == [0, 1, 2]
    assert batch.there.sum(1).tolist() == [4, 4, 4]
    for rows, values, there, target in zip(
        batch.rows, batch.activities, batch.there, batch.targets, strict=True
    ):
        assert sorted(rows[there]) == list(range(4 * target, 4 * target + 4))
        assert values.tolist() == (8 - rows % 4).tolist()
    again = _lists().draw(3)
    assert np.array_equal(batch.rows, again.rows)
    assert not np.array_equal(batch.rows, _lists().draw(4).rows)


def test_types_are_never_mixed_and_flat_groups_are_not_drawn() -> None:
    kinds = ACTS_ON.astype(np.int8).tolil()
    kinds[0, 0] = kinds[3, 0] = 2
    found = _lists(kinds.tocsr())
    assert found.n_groups == 4
    for step in range(20):
        batch = found.draw(step)
        for rows, there, target in zip(batch.rows, batch.there, batch.targets, strict=True):
            if target == 0:
                assert set(rows[there]) in ({0, 3}, {1, 2})
    assert _lists(gap=2.5).n_groups == 3
    assert _lists(gap=3.5).lists == 0


def test_types_come_from_the_strongest_row_of_a_pair(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "smiles": ["C", "C", "CC", "CCC"],
            "uniprot": ["A", "A", "A", "B"],
            "pchembl": [6.0, 7.0, 8.0, 7.0],
            "activity_type": ["Ki", "IC50", "Ki", None],
        }
    )
    table.to_csv(tmp_path / "a.csv", index=False)
    found = load_activities(tmp_path / "a.csv")
    assert found.kinds is not None
    kinds = found.kinds.toarray()
    assert kinds[0, 0] != kinds[1, 0] != 0
    assert kinds[2, 1] != 0
    assert found.keep(np.array([False, True, True])).kinds.toarray()[0, 0] == kinds[1, 0]
    table.drop(columns="activity_type").to_csv(tmp_path / "b.csv", index=False)
    assert load_activities(tmp_path / "b.csv").kinds is None


def test_loss_is_that_of_the_lists_against_their_targets_vectors(
    pairs: GraphStore, tmp_path: Path
) -> None:
    quiet = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}
    model = {**tiny().model, **quiet, "matryoshka": (16,)}
    config = _config(model=model, coordinate_noise=0.0)
    method = _method(config, pairs)
    state = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3)
    _, found = method.objectives(state)
    batch = method.terms[0].lists.draw(0)
    f = state.learners["f"]
    with torch.no_grad():
        z = embed(f.network, pairs, batch.rows.ravel(), micro_batch=8).view(2, 3, 16)
        p = torch.nn.functional.normalize(f.prototypes, dim=1)[torch.from_numpy(batch.targets)]
        logits = (z * p[:, None]).sum(2) / 0.07
        expected = listwise_loss(
            logits, torch.from_numpy(batch.activities), torch.from_numpy(batch.there)
        )
    assert found.report["graded"] == pytest.approx(expected.item(), rel=1e-4)
    assert found.loss.item() == pytest.approx(0.5 * expected.item(), rel=1e-4)
    assert found.n_molecules == 6


def test_strong_ligands_come_to_lie_nearer(pairs: GraphStore, tmp_path: Path) -> None:
    config = _config(steps=60, graded={"weight": 3.0, "lists": 3, "ligands": 4})
    state = run(config, _method(config, pairs), tmp_path)
    graded = [row["graded"] for row in state.history]
    assert np.mean(graded[-10:]) < 0.6 * np.mean(graded[:10])


def test_interrupted_run_equals_an_uninterrupted_one(pairs: GraphStore, tmp_path: Path) -> None:
    config = _config(promiscuity=0.5)
    cut_and_whole(config, lambda: _method(config, pairs), tmp_path)


def test_promiscuous_ligands_weigh_less_in_pairs_and_prototypes(pairs: GraphStore) -> None:
    acts_on = ACTS_ON.tolil()
    acts_on[0, 1] = acts_on[0, 2] = True
    draws = PairSampler(acts_on.tocsr(), 3, seed=1)
    batch = draws.draw(0)
    method = Supervised(tiny(promiscuity=1.0), pairs, draws)
    weights, each = method._weights(batch, torch.device("cpu"))
    rows = np.concatenate([batch.first, batch.second])
    expected = np.where(rows == 0, 1 / 3, 1.0)
    assert each.tolist() == pytest.approx(expected)
    assert weights.tolist() == pytest.approx(np.sqrt(expected[:3] * expected[3:]))
    off = Supervised(tiny(), pairs, draws)._weights(batch, torch.device("cpu"))
    assert off == (None, None)


def test_targets_that_share_ligands_are_drawn_as_one() -> None:
    acts_on = sparse.csr_matrix(
        np.column_stack([np.repeat([1, 0], 4), np.repeat([1, 0], 4), np.repeat([0, 1], 4)]) > 0
    )
    assert shared_by(acts_on).tolist() == [2.0, 2.0, 1.0]
    for balance, chance in ((0.0, 1 / 3), (1.0, 1 / 2)):
        draws = PairSampler(acts_on, 1, seed=1, balance=balance)
        drawn = [int(draws.draw(step).targets[0]) for step in range(600)]
        assert np.mean(np.array(drawn) == 2) == pytest.approx(chance, abs=0.06)
    plain, same = PairSampler(acts_on, 2, seed=1), PairSampler(acts_on, 2, seed=1, balance=0.0)
    assert np.array_equal(plain.draw(5).first, same.draw(5).first)


def test_what_cannot_be_graded_is_refused(pairs: GraphStore) -> None:
    with pytest.raises(ValidationError, match="set prototypes above 0"):
        _config(prototypes=0.0)
    without = Activities([], [], ["a"], ACTS_ON)
    with pytest.raises(InputError, match="no column 'pchembl', by which graded orders"):
        graded_of(_config(), without, pairs, np.arange(3))
    silent = replace(ACTIVITIES, pchembl=0 * ACTIVITIES.pchembl)
    with pytest.raises(InputError, match="no number in column 'pchembl', by which graded"):
        graded_of(_config(), silent, pairs, np.arange(3))
    with pytest.raises(InputError, match=r"hardly a target .* lower graded\.gap"):
        graded_of(_config(graded={"gap": 4.0}), ACTIVITIES, pairs, np.arange(3))
    assert len(FAMILY) == len(pairs)
