"""An embedding is of unit length, as half precision has it, or none."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import unit_rows

from molsearch.nn.lengths import LENGTH_TOLERANCE, of_unit_length


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounded_unit_vectors_are(dtype: type) -> None:
    assert of_unit_length(unit_rows(200, 256).astype(dtype)).all()


@pytest.mark.parametrize(
    ("length", "is_one"),
    [
        (1 + 0.9 * LENGTH_TOLERANCE, True),
        (1 - 0.9 * LENGTH_TOLERANCE, True),
        (1 + 1.1 * LENGTH_TOLERANCE, False),
        (1 - 1.1 * LENGTH_TOLERANCE, False),
        (0, False),
        (-np.inf, False),
        (np.nan, False),
    ],
)
def test_each_row_is_judged_alone(length: float, is_one: bool) -> None:
    rows = np.eye(3, 4)
    rows[1, 1] = length
    assert of_unit_length(rows).tolist() == [True, is_one, True]


def test_squares_that_half_precision_cannot_hold_are_no_unit_length() -> None:
    assert of_unit_length(np.full((1, 4), 6e4, np.float16)).tolist() == [False]


def test_of_rounded_rows_none_need_go() -> None:
    assert of_unit_length(np.array([[0.0, 0.0], [0.0, 2.0]]), tolerance=1.0).all()
    assert not of_unit_length(np.array([[0.0, np.nan]]), tolerance=1.0).any()
