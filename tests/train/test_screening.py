"""Screening compounds in training: negatives of every pair, drawn by seed and step alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from families import OTHERS, cut_and_whole, family_table, run, sampler, tiny
from molecules import SMALL
from pydantic import ValidationError

from molsearch.chem.counters import Buckets
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.config import TrainConfig
from molsearch.data.partners import fingerprints
from molsearch.data.store import GraphStore
from molsearch.data.unlabelled import UnlabelledStream
from molsearch.errors import InputError
from molsearch.losses.info_nce import info_nce
from molsearch.train import loop
from molsearch.train.learner import embed, with_weights
from molsearch.train.material import Featuriser, Material, gather
from molsearch.train.screening import ScreeningDraws, screening_of
from molsearch.train.supervised import Supervised

QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}


def _config(n: int = 6, **changes: Any) -> TrainConfig:
    return tiny(**changes, screening={"molecules": n})


def _method(config: TrainConfig, pairs: GraphStore, rest: GraphStore) -> Supervised:
    n = config.screening.molecules
    stream = UnlabelledStream(pairs, rest, n, labelled_share=0.0, seed=config.seed)
    draws = ScreeningDraws(config, stream)
    return Supervised(config, pairs, sampler(), screening=draws)


def test_each_pair_stands_against_all_of_a_steps_compounds(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    model = {**tiny().model, **QUIET, "matryoshka": (16,)}
    config = _config(model=model, coordinate_noise=0.0)
    method = _method(config, pairs, rest)
    state = loop.start(config, tmp_path, torch.device("cpu"))
    (found,) = method.objectives(state)
    network, batch = state.learners["f"].network, method.draw(0)
    drawn = method.screening.stream.draw(0)
    with torch.no_grad():
        first, second = (
            embed(network, pairs, r, micro_batch=6) for r in (batch.first, batch.second)
        )
        compounds = embed(network, drawn, np.arange(6), micro_batch=4)
        shares = torch.from_numpy(batch.shares_target)
        expected = info_nce(first, second, temperature=0.07, shares_target=shares, common=compounds)
        without = info_nce(first, second, temperature=0.07, shares_target=shares)
    assert found.loss.item() == pytest.approx(expected.item(), rel=1e-4)
    assert found.loss.item() > without.item() + 0.01
    assert found.n_molecules == 2 * len(batch.first) + 6


def test_compounds_are_driven_from_the_ligands(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    similar = {}
    for name in ("with", "without"):
        config = _config(steps=40, ema=0.5)
        method = _method(config, pairs, rest)
        if name == "without":
            method.screening = None
        f = run(config, method, tmp_path / name).learners["f"]
        with torch.no_grad():
            network = with_weights(f, f.average)
            ligands = embed(network, pairs, np.arange(len(pairs)), micro_batch=8)
            compounds = embed(network, rest, np.arange(len(rest)), micro_batch=8)
        similar[name] = float((ligands @ compounds.T).mean())
    assert similar["with"] < similar["without"] - 0.03


def test_interrupted_run_equals_an_uninterrupted_one(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config()
    cut_and_whole(config, lambda: _method(config, pairs, rest), tmp_path)


def _gathered(folder: Path, n: int, unlabelled: str = "u.csv") -> tuple[TrainConfig, Material]:
    family_table().to_csv(folder / "a.csv", index=False)
    pd.DataFrame({"smiles": OTHERS}).to_csv(folder / "u.csv", index=False)
    content = {"activities": "a.csv", "development": "", "conformers": "", "model": SMALL}
    more = {"screening": {"molecules": n}, "soft": {"unlabelled": unlabelled}}
    config = TrainConfig.model_validate({**content, **more})
    featuriser = Featuriser(Buckets(16, 0, 0), folder / "cache", 1, lambda _: None)
    return config, gather(config, folder, featuriser)


def test_compounds_come_of_the_table_of_molecules_without_labels(tmp_path: Path) -> None:
    config, material = _gathered(tmp_path, 4)
    assert material.unlabelled is not None
    assert len(material.unlabelled) == len(OTHERS)
    draws = screening_of(config, material)
    assert draws is not None
    assert draws.n_molecules == 4


def test_a_run_that_asks_for_none_looks_at_none(tmp_path: Path) -> None:
    config, material = _gathered(tmp_path, 0)
    assert material.unlabelled is None
    assert screening_of(config, material) is None


def test_without_any_it_is_one_line(tmp_path: Path) -> None:
    config, material = _gathered(tmp_path, 4, unlabelled="")
    with pytest.raises(
        InputError, match=r"for screening\.molecules: name soft\.unlabelled, or leave it out"
    ) as told:
        screening_of(config, material)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("method", ["self_supervised", "distilled"])
def test_methods_without_pairs_refuse_it(method: str) -> None:
    teachers = {"distil": {"teachers": ["small"], "weight": 1}} if method == "distilled" else {}
    with pytest.raises(ValidationError, match="screening: method"):
        TrainConfig.model_validate({"method": method, "screening": {"molecules": 4}, **teachers})


def test_likeness_is_that_of_ecfp4(pairs: GraphStore, rest: GraphStore, tmp_path: Path) -> None:
    model = {**tiny().model, **QUIET, "matryoshka": (16,)}
    config = _config(model=model, coordinate_noise=0.0, likeness=0.7)
    method = _method(config, pairs, rest)
    method.n_environments = SMALL["n_buckets"]
    state = loop.start(config, tmp_path, torch.device("cpu"))
    (found,) = method.objectives(state)
    network, batch = state.learners["f"].network, method.draw(0)
    drawn = method.screening.draw(0)
    prints = [fingerprints(pairs, rows, SMALL["n_buckets"]) for rows in (batch.first, batch.second)]
    compounds = fingerprints(drawn, np.arange(6), SMALL["n_buckets"])

    def weighed(first: np.ndarray, second: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(0.7 * tanimoto_matrix(first, second)).float()

    with torch.no_grad():
        first, second = (
            embed(network, pairs, r, micro_batch=6) for r in (batch.first, batch.second)
        )
        expected = info_nce(
            first,
            second,
            temperature=0.07,
            shares_target=torch.from_numpy(batch.shares_target),
            common=embed(network, drawn, np.arange(6), micro_batch=4),
            likeness=weighed(*prints),
            common_likeness=torch.stack([weighed(one, compounds) for one in prints]),
        )
    assert weighed(*prints).max() > 0.1
    assert found.loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_likeness_without_compounds(pairs: GraphStore, rest: GraphStore, tmp_path: Path) -> None:
    config = tiny(likeness=1.0)
    method = Supervised(config, pairs, sampler(), n_environments=SMALL["n_buckets"])
    state = loop.start(config, tmp_path, torch.device("cpu"))
    (found,) = method.objectives(state)
    assert torch.isfinite(found.loss)
    found.loss.backward()
