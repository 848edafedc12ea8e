"""What was tried to tell one query from another: the page has the figures of the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from molsearch.bench.trust import tried_features

ROOT = Path(__file__).parents[2]
TRIED = json.loads((ROOT / "results" / "trust-features.json").read_text())["tried"]


def test_nothing_that_is_known_of_a_query_foretells_what_it_finds():
    """Where this fails, an encoder was found of which more can be said: let fit_trust.py use it."""
    for name, one in TRIED.items():
        assert 0.70 <= one["coverage"] <= 0.90, name
        if not any(feature.startswith(("library", "three")) for feature in one["features"]):
            assert one["r2_held_out"] < 0.05, name


def test_the_page_has_the_figures_of_the_file():
    page = (ROOT / "docs" / "trust.md").read_text()
    for name in ("nothing", "gap over the background", "size of the query", "all of the query",
                 "gap in the library", "gap in the library, three actives left"):  # fmt: skip
        one = TRIED[name]
        explained = f"{one['r2_held_out']:.2f}".replace("0.", ".").replace("-", "−")
        row = f"| {one['coverage']:.0%} | {one['width_of_log_odds']:.2f} | {explained} |"
        assert row.replace("%", " %") in page, name


@pytest.mark.parametrize("tells", [True, False])
def test_features_that_foretell_make_the_interval_narrower(tells):
    rng = np.random.default_rng(0)
    targets = [f"t{i // 5}" for i in range(200)]
    odds = rng.standard_normal(200)
    raw = (odds if tells else rng.standard_normal(200))[:, None]
    found = 1 / (1 + np.exp(-odds - 0.1 * rng.standard_normal(200)))
    one = tried_features(raw, found, targets)
    assert 0.7 <= one["coverage"] <= 0.9
    assert (one["r2_held_out"] > 0.8) == tells
    assert (one["width_of_log_odds"] < 1.0) == tells
    without = tried_features(raw[:, :0], found, targets)
    assert without["r2_held_out"] < 0.05
