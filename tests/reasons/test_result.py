"""What docs/explain.md claims, by the result files that one command writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Of one query; beside it of five with known inactives, where these have been judged.
RESULTS = sorted((ROOT / "results").glob("explanations*.json"))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_maps_are_faithful_on_four_pairs_of_five_and_quick(path):
    result = json.loads(path.read_text())
    judged = result["faithful"]["map"]
    assert judged["n_trials"] == 500
    assert judged["share"] >= 0.8
    assert result["faithful"]["shuffled"]["share"] < 0.6
    assert result["speed"]["hits_per_second_of_one_core"] >= 50


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_the_page_states_the_figures_of_the_file(path):
    page = (ROOT / "docs" / "explain.md").read_text()
    for judged in json.loads(path.read_text())["faithful"].values():
        assert f"{100 * judged['share']:.1f} % of {judged['n_trials']} pairs" in page
