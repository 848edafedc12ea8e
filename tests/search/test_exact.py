"""Products in float64, and of one-byte copies, do not depend on what was multiplied beside them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from molsearch.index.vectors.int8 import encode
from molsearch.index.vectors.int8_queries import Int8Queries
from molsearch.search.exact import dot


@pytest.mark.parametrize("n_vectors", [1, 8, 9])
def test_equal_rows_score_the_same_wherever_they_stand(n_vectors: int) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((n_vectors, 256))
    rows = np.tile(rng.standard_normal(256).astype(np.float16), (300, 1))
    found = dot(rows, vectors)
    assert found.shape == (300, n_vectors)
    assert (found == found[0]).all()
    assert np.allclose(found, rows.astype(np.float64) @ vectors.T, rtol=1e-12, atol=1e-12)


def test_no_row_takes_another_ones_place() -> None:
    rng = np.random.default_rng(1)
    rows, vectors = rng.standard_normal((257, 32)), rng.standard_normal((2, 32))
    assert np.allclose(dot(rows, vectors), rows @ vectors.T, rtol=1e-12, atol=1e-12)
    assert dot(rows[:0], vectors).shape == (0, 2)


def test_a_block_after_another_has_its_own_products() -> None:
    rng = np.random.default_rng(2)
    one = torch.from_numpy(rng.standard_normal((64, 1)).astype(np.float32))
    large, small = (encode(rng.standard_normal((n, 64)).astype(np.float32)) for n in (900, 40))
    queries = Int8Queries(one.numpy())
    first = queries.of_block(large)[0]
    kept = first.copy()
    second = queries.of_block(small)[0]
    assert np.array_equal(first, kept)  # what was given away is not written over
    assert np.array_equal(second, Int8Queries(one.numpy()).of_block(small)[0])
    assert np.array_equal(queries.of_block(large)[0], kept)
