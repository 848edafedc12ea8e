"""Conditions are read by a grammar, never run."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.errors import UsageError
from molsearch.search.where import COMPUTED, STORED, Condition, all_hold, parse

OPERATORS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
    "==": np.equal,
    "!=": np.not_equal,
}


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("mw<500", [("mw", "<", 500)]),
        ("  MW  >=  .5e2 ", [("mw", ">=", 50)]),
        ("clogp<=-1.5", [("clogp", "<=", -1.5)]),
        ("formal_charge=0", [("formal_charge", "=", 0)]),
        ("200<=mw<500", [("mw", "<", 500), ("mw", ">=", 200)]),
        (
            "0.2 < ecfp4_similarity <= 0.4",
            [("ecfp4_similarity", "<=", 0.4), ("ecfp4_similarity", ">", 0.2)],
        ),
        ("mw<500, clogp<5", [("mw", "<", 500), ("clogp", "<", 5)]),
        ("mw<500 and hbd!=3 & tpsa>1", [("mw", "<", 500), ("hbd", "!=", 3), ("tpsa", ">", 1)]),
    ],
)
def test_conditions_mean_what_they_say(text, due):
    assert parse([text]) == tuple(Condition(*one) for one in due)


@pytest.mark.parametrize(
    "text",
    [
        "", "mw", "mw<", "<500", "mw<x", "mw<<500", "mw<500<600", "500>mw>200", "mw<500,", "mw 500",
        "mw<1e", "mw<0x10", "mw=500 or 1", "__import__('os').system('touch x')", "mw<500; clogp",
        "mw<nan", "mw<inf", "mw<5\n00",
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match=r"is no condition; write for instance 'mw<500'"):
        parse([text])


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("price<10", [("price", "<", 10.0)]),
        ("Vendor=Acme", [("Vendor", "=", "Acme")]),
        ('"list price, USD" <= 10', [("list price, USD", "<=", 10.0)]),
        ('vendor=="Fish & Chips, and more"', [("vendor", "==", "Fish & Chips, and more")]),
        ('"a b"!="c d", mw<5', [("a b", "!=", "c d"), ("mw", "<", 5.0)]),
        ('batch="007" and batch!=7', [("batch", "=", "007"), ("batch", "!=", 7.0)]),
        ("1<=plate_row<8", [("plate_row", "<", 8.0), ("plate_row", ">=", 1.0)]),
        ("Größe>1.5", [("Größe", ">", 1.5)]),
        ('note=""', [("note", "=", "")]),
        ("GEOMETRY=none", [("geometry", "=", "none")]),
        ("molecule_id=17", [("molecule_id", "=", "17")]),
        ("Inactive_Score<0.5", [("inactive_score", "<", 0.5)]),
    ],
)
def test_users_columns_and_text_are_read_as_they_are_written(text, due):
    found = parse([text])
    assert found == tuple(Condition(*one) for one in due)
    assert [type(one.value) for one in found] == [type(value) for _, _, value in due]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("mw=heavy", "mw holds numbers; compare it with one"),
        ("score!=high", "score holds numbers"),
        ("molecule_id<5", "molecule_id holds text; compare it by = or !="),
        ("vendor<Acme", "is no condition"),
        ("5<vendor=Acme", "is no condition"),
        ('""=5', "is no condition"),
        ('"price<5', "is no condition"),
        ("list price<5", "is no condition.*list price"),
    ],
)
def test_numbers_and_text_are_kept_apart(text, match):
    with pytest.raises(UsageError, match=match):
        parse([text])


def test_text_is_equal_or_not_and_no_value_differs_from_nothing():
    values = np.array(["Acme", "acme", "", "Acme Ltd"], dtype=object)
    assert parse(["v=Acme"])[0].holds(values).tolist() == [True, False, False, False]
    assert parse(["v!=Acme"])[0].holds(values).tolist() == [False, True, False, True]
    assert parse(['v=""'])[0].holds(values).tolist() == [False, False, True, False]
    assert parse(['v!=""'])[0].holds(values).tolist() == [True, True, False, True]


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        conditions = parse([text])
    except UsageError:
        return
    assert conditions


@given(
    column=st.sampled_from(STORED + COMPUTED),
    sign=st.sampled_from(sorted(OPERATORS)),
    value=st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)),
    values=st.lists(st.floats(width=32), max_size=20),
)
def test_holding_equals_numpy_and_missing_values_never_pass(column, sign, value, values):
    (condition,) = parse([f"{column}{sign}{value!r}"])
    array = np.array(values, dtype=np.float64)
    due = OPERATORS[sign](array, value) & ~np.isnan(array)
    assert np.array_equal(condition.holds(array), due)
    assert np.array_equal(all_hold([condition], {column: array}, len(array)), due)


def test_no_condition_lets_everything_pass():
    assert all_hold(parse([]), {}, 3).tolist() == [True] * 3


def test_a_condition_typed_in_another_encoding_is_text():
    (one,) = parse(["größe<5".encode("latin-1").decode("ascii", "surrogateescape")])
    assert (one.column, one.operator, one.value) == ("größe", "<", 5.0)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("made>=2024-06-01", [("made", ">=", date(2024, 6, 1))]),
        (
            "2024-01-01 <= made < 2024-02-01",
            [("made", "<", date(2024, 2, 1)), ("made", ">=", date(2024, 1, 1))],
        ),
    ],
)
def test_days_are_read_as_days(text, due):
    assert parse([text]) == tuple(Condition(*one) for one in due)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("made>2024-02-30", "there is no day 2024-02-30"),
        ("2024-01-01<made<5", "at both ends"),
        ("mw>2024-01-01", "holds numbers"),
    ],
)
def test_what_is_no_day_is_refused(text, word):
    with pytest.raises(UsageError, match=word):
        parse([text])


def test_days_hold_in_order_and_a_lacking_one_never():
    values = np.array([0.0, 1.0, 2.0, np.nan])
    for operator, compare in OPERATORS.items():
        held = Condition("made", operator, date(1970, 1, 2)).holds(values)
        assert held.tolist() == [*compare(values[:3], 1).tolist(), False]


def test_capitals_of_truths_do_not_matter_and_those_of_names_do():
    values = np.array(["True", "TRUE", "false", "", None, "truer"], dtype=object)
    assert Condition("x", "=", "true").holds(values).tolist() == [True, True, *[False] * 4]
    assert Condition("x", "!=", "True").holds(values).tolist() == [
        *[False] * 2,
        True,
        False,
        False,
        True,
    ]
    assert not Condition("x", "=", "acme").holds(np.array(["Acme"], dtype=object)).any()
