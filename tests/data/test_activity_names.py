"""Names of activity columns: what is a value, in which unit, and what only stands beside one."""

from __future__ import annotations

import pytest

from molsearch.data.activity_names import is_percentage, understood


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("EGFR IC50 (nM)", "nm"),
        ("IC50_EGFR_uM", "um"),
        ("Ki [µM], hERG", "um"),
        ("pIC50 (EGFR)", ""),
        ("mean pKi", ""),
        ("Kd CDK2", None),
    ],
)
def test_a_kind_among_other_words_is_understood(name, unit):
    found = understood(name)
    assert found is not None
    assert found.unit == unit


@pytest.mark.parametrize(
    "name",
    ["IC50 SD (nM)", "pIC50 n", "IC50 relation", "Kinase", "skid", "price", "", "Ki ratio", "nM"],
)
def test_what_only_stands_beside_a_value_is_none(name):
    assert understood(name) is None


@pytest.mark.parametrize(
    ("name", "due"),
    [
        ("% inhibition at 10 uM", True),
        ("Inhibition_10uM", True),
        ("percent activity", True),
        ("% control", True),
        ("%inh", True),
        ("Inhibition SD (%)", False),
        ("IC50 inhibition (nM)", False),
        ("pIC50 of inhibition", False),
        ("Inhibition constant (nM)", False),
        ("activity", False),
        ("% purity", False),
        ("inhibitor", False),
    ],
)
def test_effects_in_per_cent_are_told_by_name(name, due):
    assert is_percentage(name) == due
