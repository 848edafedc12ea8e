"""The engine gives what float64 brute force over the stored embeddings gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from brute import STORED, N, brute_force, examples, numbers_of, queries_of
from hypothesis import given
from hypothesis import strategies as st

from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import search


def test_each_backend_has_its_turn(readers):
    copies = {rows: reader.copy(0) for rows, reader in readers.items()}
    used = {rows: copy and copy.codec.name for rows, copy in copies.items()}
    assert used == {
        1000: None,
        128: "int8",
        60: "int8",
        90: "prefix-5",
        250: "prefix-11",
        200: "int8",
    }


@pytest.mark.parametrize("shard_rows", [*STORED])
@pytest.mark.parametrize("k", [1, 10, 300, N - 1, N, N + 100])
def test_search_equals_brute_force(readers, shard_rows, k):
    reader = readers[shard_rows]
    queries = queries_of(k, 3, 2)
    found = search(reader, queries, k, chunk_rows=100)
    numbers, scores, per_query = brute_force(reader, queries, k)
    assert numbers_of(reader, found) == numbers
    np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.query_scores, per_query, rtol=0, atol=1e-12)
    assert len(found) == min(k, N)


@examples(40)
@given(
    seed=st.integers(0, 10**6),
    shard_rows=st.sampled_from([*STORED]),
    chunk_rows=st.sampled_from([1, 5, 64, 10_000]),
    k=st.integers(1, N),
    n_queries=st.integers(1, 5),
    n_conformers=st.integers(1, 4),
    fusion=st.sampled_from(["max", "mean", "top2"]),
    conformer_fusion=st.sampled_from(["max", "mean"]),
)
def test_any_shards_chunks_and_fusions_equal_brute_force(
    readers, seed, shard_rows, chunk_rows, k, n_queries, n_conformers, fusion, conformer_fusion
):
    reader = readers[shard_rows]
    queries = queries_of(
        seed, n_queries, n_conformers, fusion=fusion, conformer_fusion=conformer_fusion
    )
    found = search(reader, queries, k, chunk_rows=chunk_rows)
    numbers, scores, _ = brute_force(reader, queries, k)
    assert numbers_of(reader, found) == numbers
    np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_threads_do_not_change_what_is_found(readers, n_threads):
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        queries = queries_of(21, 3, 1, fusion="top2")
        found = search(readers[128], queries, 60, chunk_rows=9)
    finally:
        torch.set_num_threads(before)
    numbers, scores, _ = brute_force(readers[128], queries, 60)
    assert numbers_of(readers[128], found) == numbers
    np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-12)


def test_a_library_member_finds_itself_first(readers):
    reader = readers[128]
    vector = reader.embeddings(3)[17].astype(np.float32)
    found = search(reader, QuerySet(vector[None], np.array([0])), 1)
    assert np.array_equal(reader.embeddings(int(found.shards[0]))[found.rows[0]], vector)
    assert found.scores[0] == pytest.approx(1, abs=1e-3)


def test_search_leaves_the_precision_of_products_as_it_was(readers):
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        search(readers[128], queries_of(0, 1, 1), 5)
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)
