"""Many measurements of one molecule on one target: what stands, and what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.data.aggregate import APART, FAR, aggregate


def _frame(*pairs: tuple[str, float]) -> pd.DataFrame:
    n = len(pairs)
    same = {"inchikey": "AAAAAAAAAAAAAA-B", "smiles": "C", "uniprot": "P", "activity_type": "Ki"}
    empty = ("target_chembl_id", "target_name", "organism", "chembl_id", "confidence")
    names = dict.fromkeys(empty, "")
    frame = pd.DataFrame({**same, **names}, index=range(n))
    return frame.assign(relation=[r for r, _ in pairs], pchembl=[v for _, v in pairs])


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("=", 6.0), ("=", 7.0), ("=", 6.8)], (6.8, "=", "active")),
        ([("inactive", np.nan)], (np.nan, "inactive", "inactive")),
        ([("inactive", np.nan), ("=", 6.5)], (6.5, "=", "active")),
        ([("inactive", np.nan), ("<", 7.0)], (7.0, "<", "uncertain")),
        ([("=", 5.5), (">", 8.0)], (5.5, "=", "weak_5_6")),
        ([("<", 5.0), ("<", 4.0)], (4.0, "<", "inactive")),
        ([("<", 7.0)], (7.0, "<", "uncertain")),
        ([(">", 5.0), (">", 6.5)], (6.5, ">", "active")),
        ([(">", 5.0)], (5.0, ">", "uncertain")),
        ([("=", 4.9)], (4.9, "=", "inactive")),
    ],
)
def test_repeats(pairs: list[tuple[str, float]], expected: tuple[float, str, str]) -> None:
    table, torn = aggregate(_frame(*pairs))
    row = table.iloc[0]
    assert row["pchembl"] == pytest.approx(expected[0], nan_ok=True)
    assert (row["relation"], row["tier"]) == expected[1:]
    assert row["n_values"] == len(pairs)
    assert torn.empty


def test_bounds_on_both_sides_are_kept_as_failures() -> None:
    table, torn = aggregate(_frame(("<", 7.0), (">", 5.0)))
    assert table.empty
    assert len(torn) == 2
    assert "both sides" in torn["reason"].iloc[0]


@settings(max_examples=15, deadline=None)
@given(values=st.lists(st.floats(0, 16), min_size=1, max_size=9))
def test_values_that_agree_become_their_median_and_others_are_left_out(values: list[float]) -> None:
    table, lost = aggregate(_frame(*[("=", v) for v in values]))
    middle, far = float(np.median(values)), np.ptp(values) > 1 + 1e-9
    near = [v for v in values if not far or abs(v - middle) <= 1 + 1e-9]
    assert len(lost) + table["n_values"].sum() == len(values)
    if (far and len(values) == 2) or 2 * len(near) <= len(values):
        assert table.empty
        assert set(lost["reason"]) == {APART}
        return
    assert table["pchembl"].item() == pytest.approx(np.median(near), abs=6e-4)
    assert table["spread"].item() == pytest.approx(np.ptp(near), abs=6e-4)
    assert set(lost["reason"]) <= {FAR}


def test_an_assay_that_measured_often_has_one_say() -> None:
    frame = _frame(("=", 6.0), ("=", 6.1), ("=", 6.2), ("=", 8.0), ("=", 8.1))
    told, _ = aggregate(frame.assign(assay=["A", "A", "A", "B", "C"]))
    # Medians of assays are 6.1, 8.0 and 8.1: three of five values lie far from 8.
    assert told.empty
    alone, lost = aggregate(frame)
    assert alone["pchembl"].item() == pytest.approx(6.1)
    assert sorted(lost["pchembl"]) == [8.0, 8.1]


def test_bounds_of_a_pair_whose_values_disagree_say_nothing_either() -> None:
    table, lost = aggregate(_frame(("=", 5.0), ("=", 7.0), (">", 6.0), ("inactive", np.nan)))
    assert table.empty
    assert len(lost) == 4
    assert set(lost["reason"]) == {APART}
