"""What a card says of conformers and of the default is what the committed figures say."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
FIGURES, DEFAULT = (
    ROOT / "results" / "development" / f"{name}.csv" for name in ("small-whole", "small")
)


@pytest.fixture(scope="module")
def program() -> dict[str, Any]:
    """Names of the program that amends cards."""
    return runpy.run_path(str(ROOT / "benchmarks" / "state_differences.py"))


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    """The card of the encoder by the whole method."""
    path = ROOT / "molsearch" / "weights" / "small-whole" / "card.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_conformers(program: dict[str, Any], card: dict[str, Any]) -> None:
    name = "results/ablation/whole.json"
    record = json.loads((ROOT / name).read_text())
    assert card["geometry"] == program["of_geometry"](record, "whole", name)
    seeds = {run["seed"] for one in record["variants"] for run in one["runs"]}
    assert card["training"]["config"]["seed"] in seeds


def test_default(program: dict[str, Any], card: dict[str, Any]) -> None:
    found = program["of_default"](
        pd.read_csv(FIGURES), pd.read_csv(DEFAULT), card["against_default"]["source"]
    )
    assert card["against_default"] == found
    stated = card["development"]["encoder"]["bedroc_80p5"]
    assert round(pd.read_csv(FIGURES)["bedroc_80p5"].mean(), 4) == stated


def test_tables_of_other_screens_are_refused(program: dict[str, Any]) -> None:
    other = pd.read_csv(DEFAULT)
    other["bedroc_80p5_ecfp4"] += 0.1
    with pytest.raises(ValueError, match="same screens"):
        program["of_default"](pd.read_csv(FIGURES), other, "x")
