"""Facts in memory: as they were given, and no more rows than were allowed."""

from __future__ import annotations

import numpy as np

from molsearch.index.remembered import RememberedFacts


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def test_what_was_kept_is_found_and_what_lacks_a_fact_is_told():
    facts = RememberedFacts()
    facts.keep(rows(4, 2), {"hbd": [1, None]})
    facts.keep(rows(4), {"mw": [18.0]})
    values, lacking = facts.find(rows(2, 3, 4, 4), ["hbd"])
    assert values == {"hbd": [None, None, 1, 1]}
    assert lacking.tolist() == [1]
    assert facts.find(rows(2, 4), ["hbd", "mw"])[1].tolist() == [0]


def test_the_rows_asked_for_longest_ago_go_first():
    facts = RememberedFacts(most=3)
    facts.keep(rows(1, 2, 3), {"hbd": [1, 2, 3]})
    facts.find(rows(1), ["hbd"])
    facts.keep(rows(4), {"hbd": [4]})
    assert len(facts) == 3
    assert facts.find(rows(1, 2, 3, 4), ["hbd"])[1].tolist() == [1]


def test_the_many_rows_of_a_filter_push_nothing_out():
    facts = RememberedFacts(most=3)
    facts.keep(rows(1), {"hbd": [1]})
    many = np.arange(5000)
    facts.keep(many, {"hbd": [0] * 5000})
    assert facts.find(many, ["hbd"])[1].tolist() == many.tolist()
    assert facts.find(rows(1), ["hbd"])[0] == {"hbd": [1]}
