"""What docs/explain.md claims, by the result file that one command writes."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULT = json.loads((ROOT / "results" / "explanations.json").read_text())


def test_maps_are_faithful_on_four_pairs_of_five_and_quick():
    judged = RESULT["faithful"]["map"]
    assert judged["n_trials"] == 500
    assert judged["share"] >= 0.8
    assert RESULT["faithful"]["shuffled"]["share"] < 0.6
    assert RESULT["speed"]["hits_per_second_of_one_core"] >= 50


def test_the_page_states_the_figures_of_the_file():
    page = (ROOT / "docs" / "explain.md").read_text()
    for judged in RESULT["faithful"].values():
        assert f"{100 * judged['share']:.1f} % of {judged['n_trials']} pairs" in page
