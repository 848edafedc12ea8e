"""What scores alike is told apart by id, then record number."""

from __future__ import annotations

import numpy as np
import pytest
from brute import brute_force, numbers_of
from fakes import FakeEncoder, molecule, prepared_set

from molsearch.index.writer import build_index
from molsearch.scoring.queryset import QuerySet
from molsearch.search import pool
from molsearch.search.engine import search
from molsearch.search.exact import dot


@pytest.mark.parametrize("k", [1, 7, 149, 150, 151, 400])
def test_planted_ties_are_cut_by_id_then_record_number(tmp_path, k, monkeypatch):
    # 300 equal molecules: the k-th and the next are equal, and the pool overflows its room.
    monkeypatch.setattr(pool, "_ROOM", 16)
    rng = np.random.default_rng(1)
    ids = [f"x{n:03d}" for n in rng.integers(0, 40, 450)]
    prepared = prepared_set(
        tmp_path / "p",
        [molecule(i + 1, seed=5 if i % 3 else 10_000 + i, molecule_id=ids[i]) for i in range(450)],
    )
    reader = build_index(prepared, FakeEncoder(), tmp_path / "i", shard_rows=100)
    vector = FakeEncoder().embed_table(next(prepared.iter_tables()))[1]
    queries = QuerySet(vector[None], np.array([0]))
    for chunk_rows in (1, 37, 1000):
        found = search(reader, queries, k, chunk_rows=chunk_rows)
        numbers, scores, _ = brute_force(reader, queries, k)
        assert numbers_of(reader, found) == numbers
        np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_vectors", [1, 3, 8, 9, 40])
def test_equal_rows_tie_exactly_wherever_they_stand(n_vectors):
    rng = np.random.default_rng(0)
    row = rng.standard_normal(256).astype(np.float16)
    vectors = rng.standard_normal((n_vectors, 256))
    for n in (1, 2, 3, 17, 64, 1000):
        block = rng.standard_normal((n, 256)).astype(np.float16)
        block[n // 2] = row
        products = dot(block, vectors)
        assert np.array_equal(products[n // 2], dot(row[None], vectors)[0])
        np.testing.assert_allclose(products, block.astype(float) @ vectors.T, rtol=0, atol=1e-11)
