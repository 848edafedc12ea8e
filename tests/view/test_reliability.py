"""The reliability curve: where its points stand, and what it says."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from molsearch.view import reliability

TIERS = [
    {"ecfp4": [0.0, 0.2], "n_actives": 1067, "error": 0.00184, "curve": [[0.001, 0.01, 500]]},
    {"ecfp4": [0.2, 0.3], "n_actives": 525, "error": 0.1, "curve": [[0.1, 0.1, 50], [1, 0, 7]]},
    {"ecfp4": [0.3, 0.4], "n_actives": 0, "error": None, "curve": []},
]


def _dots(drawn):
    return [
        (float(x), float(y))
        for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)
    ]  # fmt: skip


def test_points_stand_by_their_logarithms_and_the_truth_on_the_dashed_line() -> None:
    drawn = reliability.curve(TIERS)
    ElementTree.fromstring(drawn)
    above, on, below = _dots(drawn)
    # From 0.01 % to 100 % are four decades: 56 to 396, and 250 to 12 upwards.
    assert above == pytest.approx((56 + 340 / 4, 250 - 238 / 2), abs=0.11)
    assert on == pytest.approx((56 + 340 * 3 / 4, 250 - 238 * 3 / 4), abs=0.11)
    assert below == (396.0, 250.0)  # never active: on the edge, not lost
    assert "told 0.1 %, active 1 % of 500" in drawn


def test_tiers_without_molecules_are_left_out() -> None:
    assert [words for _, words in reliability.legend(TIERS)] == [
        "ECFP4 below 0.2: error 0.002 (1,067 actives)",
        "ECFP4 0.2 to 0.3: error 0.100 (525 actives)",
    ]
    colours = [colour for colour, _ in reliability.legend(TIERS)]
    assert all(colour in reliability.curve(TIERS) for colour in colours)
    assert reliability.curve([]) == reliability.curve(TIERS[2:]) == ""
