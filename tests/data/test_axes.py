"""Axes that do not depend on who found them."""

from __future__ import annotations

import numpy as np

from molsearch.data.axes import directed


def test_an_axis_and_its_opposite_become_one() -> None:
    axes = np.random.default_rng(3).normal(size=(5, 8))
    signs = np.array([1, -1, 1, -1, -1.0])
    found = directed(axes)
    np.testing.assert_array_equal(directed(axes * signs[:, None]), found)
    np.testing.assert_array_equal(np.abs(found), np.abs(axes))
    assert (found[np.arange(5), np.abs(found).argmax(axis=1)] > 0).all()
