"""Columns out of the objects that records keep: as Python takes them, and numbers as it reads."""

from __future__ import annotations

import json
import re
from datetime import date

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from molsearch.chem.columns import user_text
from molsearch.usertypes.kept import NUMBER, columns_of, days_in, names_in, numbers_in

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
rows = st.lists(st.dictionaries(texts, texts, max_size=4), max_size=6)


@given(rows, texts)
@example([{"a": "2024-01-05", "b": "007"}, {}, {"b": "1\n2\u2028"}], "b")
@example([{"a.b": "true", "a": "1e5", "": "{}"}], "a.b")
def test_columns_are_those_of_the_objects(rows, name):
    names = list(dict.fromkeys([name, *(key for row in rows for key in row)]))
    stored = pa.array([user_text(row) for row in rows], pa.string())
    found = columns_of(stored, names)
    due = {key: [row.get(key) for row in rows] for key in names}
    assert {key: column.to_pylist() for key, column in found.items()} == due
    assert names_in(stored) == list(dict.fromkeys(key for row in rows for key in row))
    assert all(column.type == pa.string() for column in found.values())


def test_a_name_that_an_object_holds_twice_and_long_objects():
    stored = pa.array(['{"a": "1", "a": "2"}', json.dumps({"a": "x" * 2**21})])
    assert columns_of(stored, ["a"])["a"].to_pylist() == ["2", "x" * 2**21]


@given(st.lists(st.text("0123456789+-.eE nainf", max_size=8), max_size=8))
@example(["+5", "5.", ".5", "-.5e+3", "1e400", "--1", "007", "", "1_0", "nan", "12\n", "٣"])
def test_numbers_are_those_that_python_reads(some):
    number = re.compile(NUMBER, re.ASCII)
    due = [float(text) if number.fullmatch(text) else None for text in some]
    assert numbers_in(pa.array(some, pa.string())).to_pylist() == due


@given(st.lists(st.one_of(st.dates().map(str), st.datetimes().map(str), texts)))
@example(["0001-01-01", "9999-12-31", "2023-02-29", "2024-2-3", "2024-06-01x", "２０２４-06-01"])
def test_days_are_those_that_python_reads(given_texts):
    def due(text):
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][^\n]*)?", text) is None:
            return None
        try:
            return float((date.fromisoformat(text[:10]) - date(1970, 1, 1)).days)
        except ValueError:
            return None

    assert days_in(pa.array(given_texts, pa.string())).to_pylist() == [*map(due, given_texts)]
