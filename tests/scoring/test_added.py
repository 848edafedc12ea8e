"""The sum that ranks pools: against one molecule at a time, and what cannot be scored."""

from __future__ import annotations

import numpy as np
import pytest

from molsearch.scoring.added import added, fused_of
from molsearch.scoring.expression import parse_expression


def test_a_sum_is_that_of_each_molecule_by_itself() -> None:
    rng = np.random.default_rng(0)
    scores = {name: rng.random((4, 30)).astype(np.float32) for name in ("a", "b")}
    queries = np.array([3, 0, 2])
    terms = parse_expression("0.5*a-top2+2*b-max").terms
    found = added(terms, fused_of(scores, queries))
    assert found.dtype == np.float32
    for place, value in enumerate(found):
        a, b = (sorted(scores[name][queries, place].astype(float)) for name in ("a", "b"))
        assert value == pytest.approx(0.5 * (a[-1] + a[-2]) / 2 + 2 * b[-1], rel=1e-6)


def test_what_a_component_cannot_score_for_any_query_ties_at_the_end() -> None:
    nan = np.nan
    scores = {"a": np.array([[1.0, nan, 3.0], [nan, nan, 2.0]]), "b": np.ones((2, 3))}
    found = added(parse_expression("a-mean+b").terms, fused_of(scores, np.arange(2)))
    assert found.tolist() == [2.0, -np.inf, 3.5]


def test_renaming_changes_one_name_and_nothing_else() -> None:
    asked = parse_expression("2*molsearch-top2+ecfp4")
    assert str(asked.renamed("molsearch", "runs/mine")) == "2*runs/mine-top2+ecfp4"
    assert asked.renamed("fcfp4", "x") == asked
