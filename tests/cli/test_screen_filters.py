"""``molsearch screen``: what is left out of a hit list."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.mark.parametrize(
    ("options", "absent", "n"),
    [
        (("--drop-query",), {"aspirin", "thrice"}, 9),
        (("--unique", "parent"), {"thrice"}, 10),
        (("--where", "mw<150, hbd>=1"), {"aspirin", "caffeine", "nitrobenzene"}, None),
        (("--no-alerts",), {"nitrobenzene"}, None),
        (
            ("--include-smarts", "c", "--exclude-smarts", "[N+](=O)[O-]"),
            {"alanine", "nitrobenzene"},
            6,
        ),
    ],
)
def test_filters(screen, tmp_path, options, absent, n):
    assert screen("-k", 11, "-o", tmp_path / "h.csv", *options).code == 0
    hits = pd.read_csv(tmp_path / "h.csv")
    assert not absent & set(hits.molecule_id)
    assert n is None or len(hits) == n
    assert 0 < len(hits) < 11


def test_conditions_on_the_users_columns(screen, tmp_path):
    assert screen("-k", 11, "-o", tmp_path / "h.csv", "--where", "3<=PRICE<6").code == 0
    assert sorted(pd.read_csv(tmp_path / "h.csv").price) == [3, 4, 5]
