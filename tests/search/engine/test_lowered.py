"""Ranks lowered by known inactives equal brute force."""

from __future__ import annotations

import numpy as np
import pytest
from brute import STORED, N, brute_force, examples, numbers_of, queries_of
from hypothesis import given
from hypothesis import strategies as st

from molsearch.scoring.queryset import Against, QuerySet
from molsearch.search import exact
from molsearch.search.engine import search
from molsearch.search.exact import Exact


@examples(40)
@given(
    seed=st.integers(0, 10**6),
    shard_rows=st.sampled_from([*STORED]),
    chunk_rows=st.sampled_from([5, 64, 10_000]),
    k=st.integers(1, N),
    n_queries=st.integers(1, 4),
    n_inactives=st.integers(1, 6),
    n_conformers=st.integers(1, 3),
    fusion=st.sampled_from(["max", "mean"]),
    conformer_fusion=st.sampled_from(["max", "mean"]),
    weight=st.sampled_from([1e-3, 0.3, 1.0, 7.5, 1e4]),
)
def test_ranks_lowered_by_counter_examples_equal_brute_force(
    readers, seed, shard_rows, chunk_rows, k, n_queries, n_inactives, n_conformers, fusion,
    conformer_fusion, weight,
):  # fmt: skip
    reader = readers[shard_rows]
    how = {"conformer_fusion": conformer_fusion}
    queries = queries_of(seed, n_queries, n_conformers, fusion=fusion, **how)
    inactives = queries_of(seed + 1, n_inactives, n_conformers, **how)
    found = search(reader, queries, k, against=Against(inactives, weight), chunk_rows=chunk_rows)
    wanted, scores, _ = brute_force(reader, queries, N)
    near, lowest, _ = brute_force(reader, inactives, N)
    fused, nearest = dict(zip(wanted, scores, strict=True)), dict(zip(near, lowest, strict=True))
    ids = {
        number: name
        for shard in range(reader.n_shards)
        for name, number in zip(
            *(c.to_pylist() for c in reader.records(shard).read(["molecule_id", "record_number"])),
            strict=True,
        )
    }
    keys = {number: fused[number] - weight * nearest[number] for number in fused}
    digits = 12 if weight < 100 else 8
    due = sorted(keys, key=lambda number: (-round(keys[number], digits), ids[number], number))[:k]
    assert numbers_of(reader, found) == due
    np.testing.assert_allclose(found.scores, [keys[n] for n in due], rtol=0, atol=10.0**-digits)
    assert found.query_scores.shape == (min(k, N), n_queries)


def test_a_counter_example_moves_its_neighbours_from_the_top_to_the_end(readers):
    reader = readers[128]
    vector = reader.embeddings(0)[:1].astype(np.float32)
    query = QuerySet(vector, np.array([0]))
    plain = search(reader, query, N)
    lowered = search(reader, query, N, against=Against(query, 2.0))
    assert numbers_of(reader, lowered)[-1] in numbers_of(reader, plain)[:20]
    assert lowered.scores[-1] == -plain.scores[0]
    with pytest.raises(ValueError, match="nearest"):
        Against(queries_of(0, 2, 1, fusion="mean"), 1.0)


def test_the_nearest_is_found_a_few_rows_at_a_time(readers, monkeypatch):
    reader = readers[128]
    queries = queries_of(3, 50, 1)
    rows = np.random.default_rng(0).permutation(N)[:300]
    due = Exact(reader, queries).scores(rows)
    monkeypatch.setattr(exact, "_VALUES_AT_ONCE", 120)
    number, best = Exact(reader, queries).nearest(rows)
    assert np.array_equal(number, due.argmax(axis=1))
    assert np.array_equal(best, due.max(axis=1))
    shuffled = QuerySet(queries.vectors[::-1].copy(), queries.groups[::-1].copy())
    assert np.array_equal(Exact(reader, shuffled).scores(rows), due)
