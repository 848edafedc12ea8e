"""SMARTS that hits must or must not match."""

from __future__ import annotations

import pytest

from molsearch.chem.filters import SmartsFilter
from molsearch.errors import UsageError


@pytest.mark.parametrize(
    ("include", "exclude", "smiles", "passes"),
    [
        ([], [], "CCO", True),
        ([], [], "not a structure", True),
        (["[OH]"], [], "CCO", True),
        (["[OH]"], [], "CCN", False),
        (["[OH]", "c"], [], "CCO", False),
        (["[OH]", "c"], [], "Oc1ccccc1", True),
        ([], ["[N+](=O)[O-]"], "O=[N+]([O-])c1ccccc1", False),
        ([], ["[N+](=O)[O-]", "Cl"], "c1ccccc1Br", True),
        (["c"], ["Cl"], "Clc1ccccc1", False),
        (["C"], [], "not a structure", False),
    ],
)
def test_all_of_include_and_none_of_exclude(include, exclude, smiles, passes):
    assert SmartsFilter(include, exclude).passes(smiles) is passes


@pytest.mark.parametrize("text", ["[", "", "c1ccccc", "C(", "hello world"])
def test_a_pattern_that_is_no_smarts_is_named(text):
    with pytest.raises(UsageError, match=r"--include-smarts .* is not a SMARTS pattern"):
        SmartsFilter([text])
    with pytest.raises(UsageError, match=r"--exclude-smarts"):
        SmartsFilter([], [text])


def test_a_filter_without_patterns_is_false():
    assert not SmartsFilter()
    assert SmartsFilter(["C"])
