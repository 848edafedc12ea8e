"""Measured inactives in training: what they teach, that a kill changes nothing, what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sparse
import torch
from families import OTHERS, cut_and_whole, family_table, run, sampler, tiny
from molecules import SMALL
from pydantic import ValidationError

from molsearch.chem.counters import Buckets
from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.errors import InputError
from molsearch.losses.binary import binary_loss, class_margins
from molsearch.losses.info_nce import info_nce
from molsearch.service.train_words import opening
from molsearch.train import loop
from molsearch.train.inactives import InactiveDraws
from molsearch.train.learner import embed, with_weights
from molsearch.train.material import Featuriser, Material, gather
from molsearch.train.run import Hooks, run_training
from molsearch.train.supervised import Supervised

QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}
# The sulfonamides of the rest are inactive on the acids' target; the amines' target has none.
INACTIVE = np.zeros((9, 3), bool)
INACTIVE[6:, 0] = True
INACTIVE[0, 2] = True


def _config(**changes: Any) -> TrainConfig:
    inactives = {"table": "i.csv", "negatives": 1.0, **changes.pop("inactives", {})}
    return tiny(**{"prototypes": 1.0, **changes, "inactives": inactives})


def _method(config: TrainConfig, pairs: GraphStore, rest: GraphStore) -> Supervised:
    draws = sampler()
    inactives = InactiveDraws(config, rest, sparse.csr_matrix(INACTIVE), draws)
    return Supervised(config, pairs, draws, inactives)


def test_draws_are_inactives_of_their_own_target(pairs: GraphStore, rest: GraphStore) -> None:
    method = _method(_config(inactives={"drawn": 4}), pairs, rest)
    seen = set()
    for step in range(20):
        drawn = method.inactives.draw(step, np.array([2, 0, 1]))
        assert drawn.there.all(1).tolist() == [True, True, False]
        assert (drawn.rows[0] == 0).all()
        seen |= set(drawn.rows[1].tolist())
        again = method.inactives.draw(step, np.array([2, 0, 1]))
        assert np.array_equal(drawn.rows, again.rows)
    assert seen == {6, 7, 8}


@pytest.mark.parametrize("head", ["embedding", "linear"])
def test_loss_is_the_weighted_sum_of_its_terms(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path, head: str
) -> None:
    settings = {"binary": 0.3, "negatives": 0.5, "margin": 0.2, "drawn": 2, "head": head}
    model = {**tiny().model, **QUIET, "matryoshka": (16,)}
    config = _config(model=model, coordinate_noise=0.0, inactives=settings)
    method = _method(config, pairs, rest)
    state = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3)
    f = state.learners["f"]
    (found,) = method.objectives(state)
    batch = method.draw(0)
    drawn = method.inactives.draw(0, batch.targets)
    with torch.no_grad():
        first, second = (
            embed(f.network, pairs, r, micro_batch=6) for r in (batch.first, batch.second)
        )
        inactive = embed(f.network, rest, drawn.rows.ravel(), micro_batch=6)
        there = torch.from_numpy(drawn.there)
        contrast = info_nce(
            first,
            second,
            temperature=0.07,
            shares_target=torch.from_numpy(batch.shares_target),
            negatives=inactive,
            is_negative=there,
            negative_weight=0.5,
        )
        assert found.report["supervised"] == pytest.approx(contrast.item(), rel=1e-4)
        z = torch.cat([first, second, inactive[there.ravel()]])
        own = torch.from_numpy(batch.targets)
        targets = torch.cat([own, own, own[:, None].expand(3, 2)[there]])
        vectors = f.prototypes if head == "embedding" else f.heads["binary.vectors"]
        margins = class_margins(torch.tensor([3, 0, 1]), torch.tensor([4, 4, 4]), 0.2)
        expected = binary_loss(
            z, vectors, torch.zeros(3), targets, torch.arange(len(z)) < 6, margins=margins
        )
    assert found.report["binary"] == pytest.approx(expected.item(), rel=1e-4)
    total = sum(w * found.report[n] for n, w in
                (("supervised", 1), ("prototypes", 1), ("binary", 0.3)))  # fmt: skip
    assert found.loss.item() == pytest.approx(total, rel=1e-5)
    assert found.n_molecules == 6 + len(np.unique(drawn.rows[drawn.there]))


def test_inactives_are_driven_from_their_targets_ligands(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    similar = {}
    for name, settings in (("with", {"binary": 1.0, "negatives": 1.0}), ("without", None)):
        config = _config(steps=40, ema=0.5, inactives=settings or {})
        method = _method(config, pairs, rest)
        if settings is None:
            method.inactives = None
        state = run(config, method, tmp_path / name)
        with torch.no_grad():
            network = with_weights(state.learners["f"], state.learners["f"].average)
            acids = embed(network, pairs, np.arange(4), micro_batch=8)
            sulfonamides = embed(network, rest, np.arange(6, 9), micro_batch=8)
        similar[name] = float((acids @ sulfonamides.T).mean())
    assert similar["with"] < similar["without"] - 0.1


def test_a_detached_head_leaves_the_encoder_alone(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    settings = {"binary": 1.0, "negatives": 0.0, "head": "linear", "gradient": 0.0}
    config = _config(inactives=settings)
    method = _method(config, pairs, rest)
    state = loop.start(config, tmp_path, torch.device("cpu"), n_targets=3)
    f = state.learners["f"]
    batch = method.draw(0)
    drawn = method.inactives.draw(0, batch.targets)
    z = embed(f.network, pairs, np.concatenate([batch.first, batch.second]), micro_batch=8)
    found = method.inactives.binary_term(f, batch, z, method.inactives.embed(f, drawn), drawn)
    found.backward()
    assert all(p.grad is None or not p.grad.any() for p in f.network.parameters())
    assert all(head.grad.abs().sum() > 0 for head in f.heads.values())


@pytest.mark.parametrize("head", ["embedding", "linear"])
def test_interrupted_run_equals_an_uninterrupted_one(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path, head: str
) -> None:
    config = _config(inactives={"binary": 0.5, "head": head, "gradient": 0.5, "drawn": 2})
    whole, resumed = cut_and_whole(config, lambda: _method(config, pairs, rest), tmp_path)
    one, other = whole.learners["f"], resumed.learners["f"]
    assert set(one.heads) == set(other.heads) != set()
    for name in one.heads:
        assert torch.equal(one.heads[name], other.heads[name]), name
        assert one.heads[name].grad.abs().sum() > 0


def test_switched_off_nothing_changes(pairs: GraphStore, rest: GraphStore, tmp_path: Path) -> None:
    off = tiny(prototypes=1.0)
    on = _config(inactives={"negatives": 0.0, "binary": 1.0, "head": "linear"})
    states = [loop.start(c, tmp_path, torch.device("cpu"), n_targets=3) for c in (off, on)]
    assert states[0].learners["f"].heads == {}
    for a, b in zip(*(s.learners["f"].network.parameters() for s in states), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(*(s.learners["f"].prototypes for s in states))
    losses = []
    for config, state in zip((off, on), states, strict=True):
        torch.manual_seed(7)
        (found,) = _method(on, pairs, rest).objectives(state) if config is on else Supervised(
            off, pairs, sampler()
        ).objectives(state)  # fmt: skip
        losses.append((found.report["supervised"], found.report["prototypes"]))
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"inactives": {"table": "i.csv"}}, "belong together"),
        ({"inactives": {"negatives": 1.0}}, "belong together"),
        ({"inactives": {"own": True, "binary": 1.0}}, "set prototypes above 0"),
        ({"inactives": {"own": True, "negatives": 1.0}, "method": "self_supervised"}, "no activit"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        tiny(**settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    table = family_table().assign(tier="active")
    own = pd.DataFrame({"smiles": [OTHERS[0]], "uniprot": [2], "tier": ["inactive"]})
    pd.concat([table, own]).to_csv(tmp_path / "a.csv", index=False)
    smiles = [*OTHERS, "OC(=O)c1ccccc1", "broken("]
    pd.DataFrame({"smiles": smiles}).to_csv(tmp_path / "u.csv", index=False)
    # The last ones: an active of target 0 by another name, no structure, a target nobody hits.
    rows = {"uniprot": [0, 0, 0, 0, 0, 9], "row": [6, 7, 8, 9, 10, 1]}
    pd.DataFrame(rows).to_csv(tmp_path / "i.csv", index=False)
    return tmp_path


def _gather(folder: Path, **changes: Any) -> tuple[TrainConfig, Material]:
    inactives = {"table": "i.csv", "molecules": "u.csv", "own": True, **changes}
    files = {"activities": "a.csv", "conformers": "", "development": "", "steps": 2}
    config = _config(**files, inactives=inactives)
    featuriser = Featuriser(Buckets(SMALL["n_buckets"]), folder / "cache", 1, lambda n: None)
    return config, gather(config, folder, featuriser)


def test_a_run_from_files_tells_what_it_used_and_what_it_left_out(folder: Path) -> None:
    config, material = _gather(folder)
    said = opening(material)[1]
    assert said == (
        "4 measured inactives of 2 targets, 4 molecules; left out: 1 of targets without actives, "
        "1 of unreadable molecules, 1 known to act as well"
    )
    hooks = Hooks(lambda report: None, lambda *_: None)
    card = run_training(config, material, folder / "run", torch.device("cpu"), hooks)
    assert card["training"]["inactive_pairs"] == 4
    assert card["training"]["molecules"] == 12


def test_a_run_without_any_inactive_left_is_refused(folder: Path) -> None:
    pd.DataFrame({"uniprot": [9], "row": [0]}).to_csv(folder / "i.csv", index=False)
    with pytest.raises(InputError, match=r"i\.csv: no measured inactive .* leave out inactives"):
        _gather(folder, own=False)
