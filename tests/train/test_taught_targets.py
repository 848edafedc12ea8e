"""Molecules learn the targets that frozen teachers transport them to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sparse
import torch
from families import FAMILY, cut_and_whole, gathered, run, sampler, tiny, write_families
from pydantic import ValidationError

from molsearch.config import TrainConfig
from molsearch.data.activities import Activities
from molsearch.data.store import GraphStore, concatenate
from molsearch.errors import InputError, UsageError
from molsearch.losses.over_targets import label_loss
from molsearch.nn.network import Network
from molsearch.nn.weights import save_encoder
from molsearch.train import loop
from molsearch.train.check_plan import check_run
from molsearch.train.learner import embed, encoder_config, with_weights
from molsearch.train.material import Material
from molsearch.train.run import Hooks, run_training
from molsearch.train.supervised import Supervised
from molsearch.train.taught_targets import TaughtTargets, mean_vectors, taught_targets_of
from molsearch.train.teachers import load_teachers

QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}
#: What teachers see of the families: an axis each, and some of the next.
AXES = np.array([[0.9, 0.4, 0.17], [0.17, 0.9, 0.4], [0.4, 0.17, 0.9]])
OF_REST = np.repeat(np.arange(3), 3)


def _config(**changes: Any) -> TrainConfig:
    settings = {
        "teachers": ("t",),
        "weight": 0.5,
        "molecules": 8,
        "nowhere": 0.2,
        "sharpen": 1.0,
        "epsilon": 0.1,
        **changes.pop("over_targets", {}),
    }
    return tiny(**{"prototypes": 1.0, **changes, "over_targets": settings})


def _term(config: TrainConfig, pairs: GraphStore, rest: GraphStore) -> TaughtTargets:
    views = AXES[np.concatenate([FAMILY, OF_REST])].astype(np.float16)
    return TaughtTargets(
        config, concatenate([pairs, rest]), len(pairs), views, torch.eye(3), torch.full((3,), 1 / 3)
    )


def _method(config: TrainConfig, pairs: GraphStore, rest: GraphStore) -> Supervised:
    return Supervised(config, pairs, sampler(), terms=[_term(config, pairs, rest)])


def test_a_targets_vector_is_the_mean_of_its_ligands_by_each_teacher() -> None:
    random = np.random.default_rng(0)
    views = random.normal(size=(40_000, 5)).astype(np.float16)
    acts_on = sparse.random(40_000, 4, 0.1, "csr", random_state=1).astype(bool)
    found = mean_vectors(views, acts_on, [2, 3]).numpy()
    for target in range(4):
        mean = views[acts_on[:, [target]].toarray()[:, 0]].astype(np.float64).mean(0)
        expected = np.concatenate(
            [part / np.linalg.norm(part) / 2**0.5 for part in (mean[:2], mean[2:])]
        )
        assert np.allclose(found[target], expected, atol=1e-4)


def test_labels_are_the_plan_of_what_the_teachers_see(pairs: GraphStore, rest: GraphStore) -> None:
    term = _term(_config(), pairs, rest)
    labels = term.labels(np.arange(21))
    family = torch.from_numpy(np.concatenate([FAMILY, OF_REST]))
    assert torch.equal(labels.argmax(1), family)
    moved = labels.sum(1)
    assert float(moved.mean()) == pytest.approx(0.8, abs=0.02)
    expected = (torch.from_numpy(AXES) / 0.1).softmax(1)[family].float() * moved[:, None]
    assert torch.allclose(labels, expected, atol=0.02)
    sharp = _term(_config(over_targets={"sharpen": 0.5}), pairs, rest).labels(np.arange(21))
    assert torch.allclose(sharp.sum(1), moved, atol=1e-5)
    assert (sharp.amax(1) > labels.amax(1)).all()


def test_loss_is_the_cross_entropy_to_the_labels(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    model = {**tiny().model, **QUIET, "matryoshka": (16,)}
    config = _config(model=model, coordinate_noise=0.0, over_targets={"warm_up": 0.0})
    method = _method(config, pairs, rest)
    term = method.terms[0]
    assert isinstance(term, TaughtTargets)
    state = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3)
    _, found = method.objectives(state)
    f = state.learners["f"]
    rows = term._rows(8, 1)
    with torch.no_grad():
        z = embed(f.network, term.molecules, rows, micro_batch=4)
        p = torch.nn.functional.normalize(f.prototypes, dim=1)
        expected = label_loss(z, p, term.labels(rows), temperature=0.07)
    assert found.report["over_targets"] == pytest.approx(expected.item(), rel=1e-4)
    assert found.loss.item() == pytest.approx(0.5 * expected.item(), rel=1e-4)
    assert found.report["moved"] == pytest.approx(0.8, abs=0.05)
    assert 1 < found.report["targets_a_molecule"] < 3
    assert found.n_molecules == 8
    found.loss.backward()
    assert f.prototypes.grad is not None  # unlike its own plan's, the teachers' labels move them


def test_a_step_has_its_share_of_labels_and_the_weight_rises(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(steps=20, over_targets={"warm_up": 0.5, "labelled_share": 0.25})
    method = _method(config, pairs, rest)
    term = method.terms[0]
    assert isinstance(term, TaughtTargets)
    drawn = [term._rows(8, step) for step in range(100)]
    assert all(len(set(rows)) == 8 and (rows < 12).sum() == 2 for rows in drawn)
    state = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3)
    for step, share in ((0, 0.1), (4, 0.5), (15, 1.0)):
        found = term.objective(step, state.learners["f"])
        weight = found.loss.item() / found.report["over_targets"]
        assert weight == pytest.approx(0.5 * share, rel=1e-4)


def test_molecules_come_to_lie_where_the_teachers_say(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(steps=60, ema=0.5, prototype_learning_rate=0.02, over_targets={"weight": 3.0})
    f = run(config, _method(config, pairs, rest), tmp_path).learners["f"]
    with torch.no_grad():
        z = embed(with_weights(f, f.average), rest, np.arange(9), micro_batch=9)
    vectors = torch.nn.functional.normalize(f.prototypes.detach(), dim=1)
    assert (z @ vectors.T).argmax(1).tolist() == OF_REST.tolist()


def test_interrupted_run_equals_an_uninterrupted_one(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config()
    cut_and_whole(config, lambda: _method(config, pairs, rest), tmp_path)


def test_a_plan_that_does_not_converge_stops_before_the_first_step(
    pairs: GraphStore, rest: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("molsearch.losses.partial_plan._MAX_ITERATIONS", 0)
    with pytest.raises(UsageError, match=r"does not converge: raise over_targets\.epsilon"):
        _term(_config(), pairs, rest)


def test_what_does_not_belong_together_is_refused(pairs: GraphStore) -> None:
    with pytest.raises(ValidationError, match=r"teachers are followed at a weight above 0 alone"):
        _config(over_targets={"weight": 0.0})
    with pytest.raises(ValidationError, match="plans of kind partial alone"):
        _config(over_targets={"kind": "unbalanced"})
    material = Material(Activities([], [], [], None), pairs)
    with pytest.raises(InputError, match=r"set over_targets\.labelled_share to 1"):
        taught_targets_of(_config(), material, np.arange(3), np.array([4, 4, 4]), [])


def test_a_run_from_files_is_checked_and_names_its_teachers(
    pairs: GraphStore, tmp_path: Path
) -> None:
    write_families(tmp_path)
    teachers = tuple(str(tmp_path / name) for name in ("t1", "t2"))
    files = {"activities": "a.csv", "conformers": "", "development": "", "steps": 3}
    model = {**tiny().model, "use_geometry": False}
    config = _config(
        model=model, soft={"unlabelled": "u.csv"}, over_targets={"teachers": teachers}, **files
    )
    for path in teachers:
        save_encoder(Path(path), Network(encoder_config(config)), {"name": Path(path).name})
    assert "is POT's to" in check_run(config, pairs, None, torch.device("cpu"))
    hooks = Hooks(lambda report: None, lambda *_: None)
    material = gathered(config, tmp_path)
    card = run_training(config, material, tmp_path / "s", torch.device("cpu"), hooks)
    assert [one["name"] for one in card["training"]["teachers"]] == ["t1", "t2"]
    assert card["training"]["unlabelled_molecules"] == 3
    others = config.over_targets.model_copy(update={"teachers": (str(tmp_path / "s"),)})
    far = config.model_copy(update={"hold_out_benchmark_targets": True, "over_targets": others})
    with pytest.raises(UsageError, match=r"over_targets\.teachers: .*s was trained on benchmark"):
        load_teachers(far, encoder_config(far), torch.device("cpu"), "over_targets")
