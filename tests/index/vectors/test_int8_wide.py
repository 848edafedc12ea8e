"""Queries of 16 bits a dimension fit 32 bits with any row, and their bound holds."""

from __future__ import annotations

import numpy as np
import pytest

from molsearch.index.vectors.int8 import Int8, Int8Block
from molsearch.index.vectors.int8_wide import WideQueries


@pytest.mark.parametrize("dim", [1, 2, 256, 517, 5000])
@pytest.mark.parametrize("kind", ["random", "equal", "sparse", "zero", "tiny"])
def test_products_fit_and_are_bounded(dim, kind):
    rng = np.random.default_rng(dim)
    rows, queries = rng.standard_normal((50, dim)), rng.standard_normal((4, dim))
    if kind == "equal":
        rows[:], queries[:] = 1, -1
    if kind == "sparse":
        rows *= rng.random(rows.shape) < 0.02
        queries *= rng.random(queries.shape) < 0.02
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    queries /= np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), 1e-9)
    queries[1] *= 0 if kind == "zero" else 1e-30 if kind == "tiny" else 1
    asked = WideQueries(queries.T.astype(np.float32))
    assert asked.codes.dtype == np.int16
    assert asked.steps.dtype == np.float32
    assert 127 * np.abs(asked.codes.astype(np.int64)).sum(axis=1).max() < 2**31
    block = Int8Block.of(Int8().encode(rows, {}))
    whole = block.codes.astype(np.int64) @ asked.codes.T.astype(np.int64)
    found = whole.astype(np.float32) * asked.steps * block.scale[:, None]
    wrong = np.abs(found - rows @ queries.T.astype(np.float32).astype(np.float64))
    bound = block.distance.astype(np.float64) * asked.of_distance + asked.more
    assert (wrong <= bound[:, None]).all()
    assert asked.more < 1e-2  # of use, not only right
