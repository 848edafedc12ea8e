"""Measured values in one form, and why what is none is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.data.measurements import raw_frame, to_pchembl
from molsearch.data.numbers import numbers_of


def _one(value: str, units: str = "nM", relation: str = "", kind: str = "Ki") -> pd.DataFrame:
    columns = {"smiles": "C", "uniprot": "P", "value": value, "units": units}
    return to_pchembl(raw_frame({**columns, "relation": relation, "activity_type": kind}, 1))[0]


@settings(max_examples=25, deadline=None)
@given(
    p=st.floats(1, 14),
    unit=st.sampled_from([("M", 0), ("mM", 3), ("uM", 6), ("µM", 6), ("nM", 9), ("pM", 12)]),
    sign=st.sampled_from(["=", ">", "<", ">=", "<="]),
    apart=st.booleans(),
)
def test_units_and_signs(p: float, unit: tuple[str, int], sign: str, apart: bool) -> None:
    value = f"{10 ** (unit[1] - p):.12g}"
    found = _one(value, unit[0], f"'{sign}'") if apart else _one(f"{sign} {value}", unit[0])
    assert found["pchembl"].item() == pytest.approx(p, abs=1e-6)
    # a concentration above a value is an activity below its logarithm
    assert found["relation"].item() == {"=": "=", ">": "<", "<": ">", ">=": "<", "<=": ">"}[sign]


@pytest.mark.parametrize("value", ["0", "-5", "abc", "", "1e30", "inf"])
def test_values_without_a_logarithm_fail(value: str) -> None:
    assert _one(value).empty


def test_logarithms_keep_their_sign() -> None:
    found = _one(">7.5", units="", kind="pKi")
    assert (found["pchembl"].item(), found["relation"].item()) == (7.5, ">")
    assert found["activity_type"].item() == "Ki"


@settings(max_examples=60, deadline=None)
@given(
    number=st.integers(0, 10**9),
    decimals=st.integers(0, 999),
    style=st.sampled_from(["plain", "thousands", "point", "both"]),
)
def test_numbers_are_read_as_they_are_written(number: int, decimals: int, style: str) -> None:
    whole, part = str(number), f"{decimals:03d}"
    text, due = {
        "plain": (whole, float(number)),
        "thousands": (f"{number:,}", float(number)),
        "point": (f"{whole}.{part}", float(f"{whole}.{part}")),
        "both": (f"{number:,}.{part}", float(f"{whole}.{part}")),
    }[style]
    assert numbers_of(pd.Series([text])).item() == pytest.approx(due)


@pytest.mark.parametrize(
    ("text", "due"),
    [("0,35", 0.35), ("1,5", 1.5), ("12,3456", 12.3456), ("0,350", 0.35), ("1,234", 1234.0),
     ("1,2,3", np.nan), ("1.234,5", np.nan), ("", np.nan), ("2e3", 2000.0), ("1,5e3", 1500.0)],
)  # fmt: skip
def test_a_comma_before_decimals_is_none_between_thousands(text: str, due: float) -> None:
    assert numbers_of(pd.Series([text])).item() == pytest.approx(due, nan_ok=True)


def test_rows_of_a_column_whose_commas_contradict_each_other_fail_where_it_matters() -> None:
    values = ["0,35", "1,250", "1,234,567", "12"]
    columns = {"smiles": "C", "uniprot": "P", "value": values, "units": "nM"}
    good, failed = to_pchembl(raw_frame({**columns, "activity_type": "Ki"}, 4))
    assert len(good) == 3
    assert failed["reason"].tolist() == ["value 1,250 is not a number"]


@settings(max_examples=60, deadline=None)
@given(
    value=st.text(max_size=12),
    units=st.text(max_size=6),
    relation=st.text(max_size=4),
    comment=st.text(max_size=14),
)
def test_whatever_cells_hold_each_row_is_in_one_of_the_two(
    value: str, units: str, relation: str, comment: str
) -> None:
    cells = {"value": value, "units": units, "relation": relation, "comment": comment}
    raw = raw_frame({"smiles": "C", "uniprot": "P", "activity_type": "Ki", **cells}, 1)
    good, failed = to_pchembl(raw)
    assert len(good) + len(failed) == 1
    assert (failed["reason"] != "").all()
    assert good["relation"].isin(["=", "<", ">", "inactive"]).all()
    assert (good["pchembl"].isna() == (good["relation"] == "inactive")).all()
