"""Rarity within every kind of search: equal to brute force, and of the molecule alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from alike import same
from brute import STORED, N, blended, brute_force, examples, made, numbers_of, queries_of
from fakes import unit_rows
from hypothesis import given
from hypothesis import strategies as st

from molsearch.index.rarity import Reference
from molsearch.scoring.blend import Blend, Likeness, Rarity
from molsearch.scoring.queryset import Against
from molsearch.search.engine import Residents, Wanted, search, search_lists, searching
from molsearch.search.engine.rounding import error_of
from molsearch.search.exact import Exact
from molsearch.search.far import search_far
from molsearch.search.whole import search_whole
from molsearch.work.inline import Inline

REFERENCE = Reference(unit_rows(200, seed=5))
OTHER = Reference(unit_rows(150, seed=6))
CPU = torch.device("cpu")


def blend_of(reader, seed, n_queries, *, embedding=1.0, likeness=1.0, rarity=1.0, reference=None):
    """Weights of a sum, of queries with stored fingerprints; a likeness of 0 is left out."""
    rows = np.random.default_rng(seed).integers(0, reader.shard_rows[0], n_queries)
    packed = np.array(reader.fingerprints(0)[rows])
    how = "top2" if n_queries > 1 else "max"
    alike = Likeness(packed, likeness, "max") if likeness else None
    return Blend(embedding, how, alike, Rarity(reference or REFERENCE, rarity))


def check(reader, found, every, scores, k):
    """Compare hits with a list of all rows, best first."""
    chosen = numbers_of(reader, found)
    assert len({*chosen}) == len(chosen) == min(k, len(every))
    keys = dict(zip(every, scores, strict=True))
    # Sums of the same terms in another order differ in their last bit.
    due = scores[: len(chosen)]
    np.testing.assert_allclose([keys[n] for n in chosen], due, rtol=0, atol=2e-12)
    np.testing.assert_allclose(found.scores, due, rtol=0, atol=1e-11)
    place = {number: row for row, number in enumerate(every)}
    for one, other, tie in zip(chosen, chosen[1:], np.diff(found.scores) == 0, strict=False):
        assert not tie or place[one] < place[other]


@examples(40)
@given(
    seed=st.integers(0, 10**6),
    shard_rows=st.sampled_from([*STORED]),
    chunk_rows=st.sampled_from([1, 7, 64, 10_000]),
    k=st.integers(1, N),
    n_queries=st.sampled_from([1, 5]),
    weights=st.sampled_from(
        [(1.0, 1.0, 1.0), (1.0, 2.0, 1.0), (1.0, 0.0, 1.0), (0.0, 1.0, 3.0), (4.0, 0.5, 1e-3)]
    ),
    left=st.sampled_from([None, 0.0, 0.01, 0.4, 0.95]),
    least=st.one_of(st.none(), st.floats(-0.5, 4.0)),
)
def test_a_search_equals_brute_force(
    readers, seed, shard_rows, chunk_rows, k, n_queries, weights, left, least
):
    reader, rng = readers[shard_rows], np.random.default_rng(seed)
    queries = queries_of(seed, n_queries, 1 + seed % 2)
    embedding, likeness, rarity = weights
    blend = blend_of(reader, seed, n_queries, embedding=embedding, likeness=likeness, rarity=rarity)
    excluded = None
    every, scores = blended(reader, queries, blend, N)
    if left is not None:
        excluded = [rng.random(rows) >= left for rows in reader.shard_rows]
        records = [reader.records(i).read(["record_number"]) for i in range(reader.n_shards)]
        numbers = np.concatenate([one.column(0) for one in records])
        gone = {*numbers[np.concatenate(excluded)].tolist()}
        every, scores = _those(every, scores, lambda number, _: number not in gone)
    # A row whose score is a threshold but for its last bit may be on either side.
    if least is not None and all(abs(score - least) > 1e-9 for score in scores):
        every, scores = _those(every, scores, lambda _, score: score >= least)
    else:
        least = None
    more = {"excluded": excluded, "least": least}
    found = search(reader, queries, k, blend=blend, chunk_rows=chunk_rows, **more)
    check(reader, found, every, scores, k)
    assert found.rarity.shape == (len(found), 1)
    same(search_whole(reader, queries, k, blend=blend, extras=(), **more), found)
    same(search_far(Inline(), reader, queries, k, blend=blend, **more), found)
    for residents in (Residents([CPU], 2**30), Residents([CPU, CPU], 0)):
        same(search(reader, queries, k, blend=blend, residents=residents, **more), found)


def _those(every, scores, wanted):
    kept = [pair for pair in zip(every, scores, strict=True) if wanted(*pair)]
    return [number for number, _ in kept], [score for _, score in kept]


@pytest.mark.parametrize("shard_rows", [60, 128, 1000])
@pytest.mark.parametrize("n_queries", [1, 5])
def test_inactives_count_beside_it(readers, shard_rows, n_queries):
    reader = readers[shard_rows]
    queries = queries_of(3, n_queries, 1)
    blend, against = blend_of(reader, 3, n_queries), Against(queries_of(4, 3, 1), 0.7)
    found = search(reader, queries, 80, blend=blend, against=against, chunk_rows=50)
    near, nearness, _ = brute_force(reader, against.inactives, N)
    cost = dict(zip(near, nearness, strict=True))
    every, scores = blended(reader, queries, blend, N)
    keys = {n: score - 0.7 * cost[n] for n, score in zip(every, scores, strict=True)}
    ranked = [keys[n] for n in numbers_of(reader, found)]
    np.testing.assert_allclose(ranked, sorted(keys.values())[::-1][:80], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.scores, ranked, rtol=0, atol=1e-9)
    far = search_far(Inline(), reader, queries, 80, blend=blend, against=against)
    same(far, found)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_threads_change_nothing(readers, n_threads):
    reader, queries = readers[128], queries_of(8, 5, 1)
    blend = blend_of(reader, 8, 5)
    due = search(reader, queries, 90, blend=blend)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        same(search(reader, queries, 90, blend=blend, chunk_rows=11), due)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("rows", sorted(STORED))
def test_lists_of_one_pass_are_those_of_a_pass_each(readers, rows):
    reader = readers[rows]
    for references in ((REFERENCE, REFERENCE, None, REFERENCE), (REFERENCE, OTHER, None, OTHER)):
        wanted = []
        for n, reference in enumerate(references):
            blend = blend_of(reader, n, 1 + 2 * (n % 2), reference=reference, rarity=1 + n)
            if reference is None:
                blend = Blend(1.0, "max", blend.likeness)
            asked = queries_of(n, 1 + 2 * (n % 2), 1)
            wanted.append(Wanted(asked, (9, 60, 30, N)[n], blend, (None, 1.2, None, None)[n]))
        found = search_lists(reader, wanted, chunk_rows=90)
        for one, mine in zip(wanted, found, strict=True):
            same(mine, search(reader, one.queries, one.k, blend=one.blend, least=one.least))


def test_lists_by_the_same_compounds_share_a_pass(readers, monkeypatch):
    seen = []
    kept = searching.scan
    monkeypatch.setattr(
        searching, "scan", lambda *given, **more: seen.append(1) or kept(*given, **more)
    )
    reader = readers[1000]
    again = Reference(REFERENCE.vectors.copy())
    blends = [blend_of(reader, 1, 1), blend_of(reader, 2, 1, reference=again)]
    search_lists(reader, [Wanted(queries_of(n, 1, 1), 5, one) for n, one in enumerate(blends)])
    assert seen == [1]


def test_a_score_depends_neither_on_shards_nor_on_other_molecules(readers, tmp_path):
    queries = queries_of(4, 5, 1)
    whole = readers[1000]
    blend = blend_of(whole, 4, 5)
    found = search(whole, queries, N, blend=blend)
    of = dict(zip(numbers_of(whole, found), found.scores.tolist(), strict=True))
    for shard_rows in (50, 333):
        part = made(tmp_path / str(shard_rows), shard_rows)
        keep = []
        for shard in range(part.n_shards):
            numbers = part.records(shard).read(["record_number"]).column(0).to_numpy()
            keep.append(numbers > 300)
        some = search(part, queries, N, blend=blend, excluded=keep)
        assert len(some) == 300
        for number, score in zip(numbers_of(part, some), some.scores.tolist(), strict=True):
            assert of[number] == score


@pytest.mark.parametrize("weight", [1e-3, 1.0, 50.0])
def test_no_coarse_score_is_further_from_the_exact_one_than_its_bound(readers, weight):
    reader, queries = readers[1000], queries_of(1, 5, 1)
    blend = blend_of(reader, 1, 5, rarity=weight)
    rows = np.arange(N)
    exact = Exact(reader, queries, None, blend)
    scores = exact.scores(rows)
    cosines, _, rarity, _ = exact.parts(scores)
    fused = np.sort(cosines, axis=1)[:, -2:].mean(axis=1, keepdims=True)
    coarse = blend.coarse(
        torch.from_numpy(fused.astype(np.float32)),
        np.concatenate([reader.fingerprints(i) for i in range(reader.n_shards)]),
        torch.from_numpy(rarity.astype(np.float32)),
    )
    wrong = np.abs(coarse.numpy()[:, 0] - exact.keys(scores)).max()
    assert wrong < error_of(queries, blend, None) < 1e-5 * (1 + weight)
    assert (exact.keys(scores) <= blend.most).all()
