"""Embeddings and fingerprints in one pass, with masks and thresholds, equal brute force."""

from __future__ import annotations

import numpy as np
from brute import STORED, N, blended, brute_force, examples, made, numbers_of, queries_of
from hypothesis import given
from hypothesis import strategies as st

from molsearch.scoring.blend import Blend, Likeness
from molsearch.scoring.queryset import Against
from molsearch.search.engine import search


@examples(25)
@given(
    seed=st.integers(0, 10**6),
    shard_rows=st.sampled_from([*STORED]),
    chunk_rows=st.sampled_from([1, 5, 64, 10_000]),
    k=st.integers(1, N),
    n_queries=st.integers(1, 6),
    n_conformers=st.integers(1, 3),
    fusions=st.tuples(*[st.sampled_from(["max", "mean", "top2"])] * 2),
    conformer_fusion=st.sampled_from(["max", "mean"]),
    weights=st.sampled_from([(1.0, 1.0), (1.0, 2.0), (0.0, 1.0), (4.0, 0.5), (1.0, 1e-3)]),
    counter=st.booleans(),
)
def test_embeddings_and_fingerprints_together_equal_brute_force(
    readers, seed, shard_rows, chunk_rows, k, n_queries, n_conformers, fusions, conformer_fusion,
    weights, counter,
):  # fmt: skip
    reader = readers[shard_rows]
    queries = queries_of(seed, n_queries, n_conformers, conformer_fusion=conformer_fusion)
    rng = np.random.default_rng(seed)
    # Queries whose fingerprints are stored ones: similarities of 1, and many equal ones.
    packed = reader.fingerprints(0)[rng.integers(0, reader.shard_rows[0], n_queries)]
    blend = Blend(weights[0], fusions[0], Likeness(np.array(packed), weights[1], fusions[1]))
    found = search(reader, queries, k, blend=blend, chunk_rows=chunk_rows)
    every, scores = blended(reader, queries, blend, N)
    chosen, keys = numbers_of(reader, found), dict(zip(every, scores, strict=True))
    # Sums of the same terms in another order differ in their last bit: which of two rows that tie
    # by all but that comes first is the engine's to say, rows that tie in full go by their ids.
    assert len({*chosen}) == len(chosen) == min(k, N)
    np.testing.assert_allclose([keys[n] for n in chosen], scores[: len(chosen)], rtol=0, atol=2e-12)
    np.testing.assert_allclose(found.scores, scores[: len(chosen)], rtol=0, atol=1e-11)
    place = {number: row for row, number in enumerate(every)}
    for one, other, tie in zip(chosen, chosen[1:], np.diff(found.scores) == 0, strict=False):
        assert not tie or place[one] < place[other]
    assert found.likeness.shape == found.query_scores.shape == (min(k, N), n_queries)
    if counter:
        against = Against(queries_of(seed + 1, 3, 1), 0.7)
        found = search(reader, queries, N, blend=blend, against=against, chunk_rows=chunk_rows)
        near, lowest, _ = brute_force(reader, against.inactives, N)
        cost = dict(zip(near, lowest, strict=True))
        every, scores = blended(reader, queries, blend, N)
        keys = dict(zip(every, scores, strict=True))
        ranked = [keys[n] - 0.7 * cost[n] for n in numbers_of(reader, found)]
        assert (np.diff(ranked) < 1e-9).all()


@examples(40)
@given(
    seed=st.integers(0, 10**6),
    shard_rows=st.sampled_from([*STORED]),
    chunk_rows=st.sampled_from([7, 64, 10_000]),
    k=st.integers(1, N),
    n_queries=st.integers(1, 3),
    left=st.sampled_from([0.0, 0.01, 0.3, 0.95]),
    blend=st.booleans(),
    least=st.one_of(st.none(), st.floats(-0.5, 1.5)),
)
def test_what_a_mask_and_a_threshold_leave_equals_brute_force(
    readers, seed, shard_rows, chunk_rows, k, n_queries, left, blend, least
):
    reader = readers[shard_rows]
    queries = queries_of(seed, n_queries, 1)
    rng = np.random.default_rng(seed)
    excluded = [rng.random(rows) >= left for rows in reader.shard_rows]
    packed = reader.fingerprints(0)[rng.integers(0, reader.shard_rows[0], n_queries)]
    likeness = Likeness(np.array(packed), 1.0, "max") if blend else None
    how = Blend(1.0, "max", likeness)
    found = search(
        reader, queries, k, blend=how, excluded=excluded, least=least, chunk_rows=chunk_rows
    )
    every, scores = blended(reader, queries, how, N)
    out = np.concatenate(excluded)
    numbers = np.concatenate(
        [reader.records(i).read(["record_number"]).column(0) for i in range(reader.n_shards)]
    )
    gone = set(numbers[out].tolist())
    due = [
        number
        for number, score in zip(every, scores, strict=True)
        if number not in gone and (least is None or score >= least)
    ][:k]
    assert numbers_of(reader, found) == due


def test_the_ranks_of_a_blend_do_not_depend_on_shards_or_on_other_molecules(tmp_path):
    queries = queries_of(4, 3, 1)
    whole = made(tmp_path / "w", 1000)
    packed = np.array(whole.fingerprints(0)[[3, 8, 90]])
    blend = Blend(1.0, "top2", Likeness(packed, 2.0))
    found = search(whole, queries, N, blend=blend)
    of = dict(zip(numbers_of(whole, found), found.scores.tolist(), strict=True))
    for n, shard_rows in ((N, 50), (300, 1000), (300, 70)):
        part = made(tmp_path / f"{n}-{shard_rows}", shard_rows, n=N)
        keep = [np.zeros(rows, bool) for rows in part.shard_rows]
        for shard in range(part.n_shards):
            numbers = part.records(shard).read(["record_number"]).column(0).to_numpy()
            keep[shard] = numbers > n
        some = search(part, queries, N, blend=blend, excluded=keep)
        assert {k: of[k] for k in numbers_of(part, some)} == dict(
            zip(numbers_of(part, some), some.scores.tolist(), strict=True)
        )
        assert len(some) == n


def test_excluded_rows_never_come_back(readers):
    reader = readers[128]
    queries = queries_of(5, 1, 1)
    every = search(reader, queries, N)
    excluded = [np.zeros(rows, dtype=bool) for rows in reader.shard_rows]
    for shard, row in zip(every.shards[:100], every.rows[:100], strict=True):
        excluded[shard][row] = True
    rest = search(reader, queries, N, excluded=excluded)
    assert numbers_of(reader, rest) == numbers_of(reader, every)[100:]
    for rows in excluded:
        rows[:] = True
    assert len(search(reader, queries, 10, excluded=excluded)) == 0
