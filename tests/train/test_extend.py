"""Runs at a constant rate that are cooled down, and gone on with for longer."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from families import method_for, run, tiny
from pydantic import ValidationError

from molsearch.config import TrainConfig
from molsearch.config_train import cooling_from
from molsearch.data.store import GraphStore
from molsearch.errors import InputError, UsageError
from molsearch.train import loop
from molsearch.train.schedule import rate
from molsearch.train.state import STEM_FILE

SHORT = {"steps": 10, "warm_up": 3, "cool_down": 0.3, "prototypes": 1.0}


def _short(**changes: object) -> TrainConfig:
    return tiny(**{**SHORT, **changes})


def test_rates_of_a_longer_run_begin_as_those_of_a_shorter_one() -> None:
    short = [rate(step, 100, 20, 0.2) for step in range(100)]
    long = [rate(step, 300, 20, 0.2) for step in range(300)]
    assert short[:80] == long[:80] == [(i + 1) / 20 for i in range(20)] + [1.0] * 60
    assert all(a > b for a, b in itertools.pairwise(short[80:]))
    assert 0 < short[-1] < 0.05
    assert cooling_from(300, 0.2) == 240
    assert cooling_from(3, 0.1) == 2  # at least a step falls


def test_extended_run_equals_an_uninterrupted_one(pairs: GraphStore, tmp_path: Path) -> None:
    short, long = _short(), _short(steps=16, name="long", evaluate_every=4)
    first = run(short, method_for(short, pairs), tmp_path / "short")
    whole = run(long, method_for(long, pairs), tmp_path / "whole")
    extended = long.model_copy(update={"extend": str(tmp_path / "short")})
    # Cut once more, so that it goes on from its own checkpoint and not from the shorter run's.
    run(extended, method_for(extended, pairs), tmp_path / "long", stop=12)
    found = run(extended, method_for(extended, pairs), tmp_path / "long")
    losses = [row["loss"] for row in whole.history]
    assert [row["loss"] for row in found.history] == losses
    assert [row["loss"] for row in first.history][:7] == losses[:7]
    assert [row["loss"] for row in first.history][8:] != losses[8:10]
    for name, tensor in whole.learners["f"].average.items():
        assert torch.equal(tensor, found.learners["f"].average[name]), name
    assert torch.equal(whole.learners["f"].prototypes, found.learners["f"].prototypes)
    # It leaves a state of its own, for a longer one still.
    again = _short(steps=24, extend=str(tmp_path / "long"))
    assert loop.start(again, tmp_path / "x", torch.device("cpu"), n_targets=3).step == 11


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"temperature": 0.2}, "run of another configuration; only name, steps, cool_down, extend"),
        ({"steps": 8}, "at a constant rate up to step 7, this run would be up to 6; raise steps"),
    ],
)
def test_what_cannot_be_extended_is_told(
    changes: dict[str, object], said: str, pairs: GraphStore, tmp_path: Path
) -> None:
    run(_short(), method_for(_short(), pairs), tmp_path / "short", stop=8)
    longer = _short(**{"steps": 16, "extend": str(tmp_path / "short"), **changes})
    with pytest.raises(UsageError, match=said):
        loop.start(longer, tmp_path / "long", torch.device("cpu"), n_targets=3)


def test_a_run_without_such_a_state_and_a_damaged_one_are_told(
    pairs: GraphStore, tmp_path: Path
) -> None:
    longer = _short(steps=16, extend=str(tmp_path / "short"))
    with pytest.raises(UsageError, match=r"has no stem.safetensors, which a run with a cool_down"):
        loop.start(longer, tmp_path / "long", torch.device("cpu"), n_targets=3)
    run(_short(), method_for(_short(), pairs), tmp_path / "short", stop=8)
    path = tmp_path / "short" / STEM_FILE
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(
        InputError, match=r"stem.safetensors: damaged checkpoint .* use --overwrite"
    ):
        loop.start(longer, tmp_path / "long", torch.device("cpu"), n_targets=3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"warm_up": 0.1}, "give warm_up as a number of steps"),
        ({"cool_down": 0.0, "extend": "x"}, "extend needs a rate that was constant"),
        ({"warm_up": 10}, "warm_up of 10 steps: the run has 10"),
    ],
)
def test_settings_that_do_not_belong_together(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        _short(**changes)


def test_a_half_cosine_leaves_nothing_to_extend(pairs: GraphStore, tmp_path: Path) -> None:
    run(tiny(), method_for(tiny(), pairs), tmp_path)
    assert not (tmp_path / STEM_FILE).exists()
