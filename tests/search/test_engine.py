"""The engine gives what float64 brute force over the stored embeddings gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes import FakeEncoder, molecule, prepared_set
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.reader import IndexReader
from molsearch.index.vectors import int8
from molsearch.index.writer import build_index
from molsearch.scoring.blend import Blend, Likeness
from molsearch.scoring.plan import ScanPlan, plan_of
from molsearch.scoring.queryset import Against, QuerySet, coarse
from molsearch.search import exact, pool
from molsearch.search.engine import Wanted, search, search_each, search_lists
from molsearch.search.engine.int8 import Int8Backend, Int8Queries
from molsearch.search.engine.rounding import error_of, error_of_cosines
from molsearch.search.exact import Exact, dot

N = 700
# How embeddings are stored, by the rows of a shard.
STORED = {
    1000: {},  # as they are
    128: {},  # with a copy of a byte a dimension, made with the index
    60: {},  # with one that is made when it is asked for
    90: {"prefix": 5},
    250: {"prefix": 11, "dtype": "float32"},
    200: {"dtype": "int8"},
}


def made(
    folder: Path, shard_rows: int, n: int = N, stored: dict | None = None, **changes
) -> IndexReader:
    """An index whose fingerprints repeat (ties) and whose ids are not in file order."""
    rng = np.random.default_rng(3)
    ids = rng.permutation(n)
    prepared = prepared_set(
        folder / "p",
        [
            molecule(
                i + 1,
                seed=int(rng.integers(0, 150)) if i % 3 else i + 1000,
                molecule_id=f"id-{ids[i] % (n - 50):04d}",
                **changes,
            )
            for i in range(n)
        ],
    )
    return build_index(
        prepared, FakeEncoder(), folder / "i", shard_rows=shard_rows, **(stored or {})
    )


@pytest.fixture(scope="module", autouse=True)
def small_shards_too():
    """Shards of any size have their one-byte copies here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(int8, "LEAST_ROWS", 1)
        yield


@pytest.fixture(scope="module")
def readers(tmp_path_factory, small_shards_too):
    """See `STORED`."""
    folder = tmp_path_factory.mktemp("engine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(int8, "LEAST_ROWS", 10**9)
        found = {rows: made(folder / str(rows), rows) for rows in (1000, 60)}
    found[1000]._int8.update(dict.fromkeys(range(found[1000].n_shards)))
    for rows in (128, 90, 250, 200):
        found[rows] = made(folder / str(rows), rows, stored=STORED[rows])
    assert found[128].manifest.shards[0].files.keys() >= set(int8.FILES)
    assert not found[60].manifest.shards[0].files.keys() & set(int8.FILES)
    return found


def test_each_backend_has_its_turn(readers):
    copies = {rows: reader.int8_embeddings(0) for rows, reader in readers.items()}
    assert copies[1000] is None
    assert copies[128] is not None
    assert copies[60] is not None
    assert copies[200] is not None
    assert copies[90] is copies[250] is None
    assert all(readers[rows].prefixes(0) is not None for rows in (90, 250))
    assert all(readers[rows].prefixes(0) is None for rows in (1000, 128, 60, 200))


def queries_of(seed: int, n_queries: int, n_conformers: int, **fusion) -> QuerySet:
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_queries), n_conformers)
    vectors = rng.standard_normal((len(groups), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return QuerySet(vectors.astype(np.float32), groups, **fusion)


def brute_force(reader: IndexReader, queries: QuerySet, k: int):
    """Every row scored in float64 by NumPy, sorted by score, id and record number."""
    stored = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    products = stored.astype(np.float64) @ queries.vectors.astype(np.float64).T
    kind = {
        "max": np.max,
        "mean": np.mean,
        "top2": lambda m, axis: np.sort(m, axis=axis)[:, -2:].mean(axis=axis),
    }
    per_query = np.stack(
        [
            kind[queries.conformer_fusion](products[:, queries.groups == q], axis=1)
            for q in range(queries.n_queries)
        ],
        axis=1,
    )
    scores = kind[queries.fusion](per_query, axis=1)
    records = [
        reader.records(i).read(["molecule_id", "record_number"]) for i in range(reader.n_shards)
    ]
    ids = [v for table in records for v in table.column(0).to_pylist()]
    numbers = [v for table in records for v in table.column(1).to_pylist()]
    # Products of equal rows differ in the last bits: what differs by less than 1e-12 is equal.
    order = sorted(range(len(ids)), key=lambda i: (-round(scores[i], 12), ids[i], numbers[i]))[:k]
    return [numbers[i] for i in order], scores[order], per_query[order]


def blended(reader: IndexReader, queries: QuerySet, blend: Blend, k: int):
    """Every row scored by NumPy in float64, fingerprints compared as sets of bits."""
    kinds = {
        "max": lambda m: m.max(axis=1),
        "mean": lambda m: m.mean(axis=1),
        "top2": lambda m: np.sort(m, axis=1)[:, -2:].mean(axis=1),
    }
    numbers, _, cosines = brute_force(reader, queries, N)
    total = blend.embedding * kinds[blend.fusion](cosines)
    stored = np.concatenate([reader.fingerprints(i) for i in range(reader.n_shards)])
    columns = [reader.records(i).read(["molecule_id", "record_number"]).to_pydict()
               for i in range(reader.n_shards)]  # fmt: skip
    rows = [n for table in columns for n in table["record_number"]]
    ids = dict(zip(rows, [v for table in columns for v in table["molecule_id"]], strict=True))
    place = {number: row for row, number in enumerate(rows)}
    if blend.likeness is not None:
        mine = np.unpackbits(stored, axis=1)[[place[n] for n in numbers]].astype(bool)
        asked = np.unpackbits(blend.likeness.packed, axis=1).astype(bool)
        similar = np.stack(
            [(mine & one).sum(axis=1) / np.maximum((mine | one).sum(axis=1), 1) for one in asked],
            axis=1,
        )
        total = total + blend.likeness.weight * kinds[blend.likeness.fusion](similar)
    key = {number: round(score, 12) for number, score in zip(numbers, total, strict=True)}
    order = sorted(numbers, key=lambda n: (-key[n], ids[n], n))[:k]
    return order, [key[n] for n in order]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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


def test_the_error_bound_of_a_blend_holds(readers):
    reader = readers[1000]
    queries = queries_of(1, 5, 1)
    for how in ("max", "mean", "top2"):
        likeness = Likeness(np.array(reader.fingerprints(0)[:5]), 3.0, how)
        blend = Blend(2.0, how, likeness)
        plan = plan_of(replace(queries, fusion=how), blend, None)
        block = reader.embeddings(0)
        products = torch.from_numpy(block.astype(np.float32)) @ plan.matrix
        coarse = plan.finish(plan.reduce(products), reader.fingerprints(0)).numpy()[:, 0]
        exactly = Exact(reader, queries, None, blend)
        due = exactly.keys(exactly.scores(np.arange(N)))
        assert np.abs(coarse - due).max() < error_of(queries, blend, None)
        assert error_of(queries, blend, None) < 1e-3


def numbers_of(reader: IndexReader, found) -> list[int]:
    table = reader.take(found.shards, found.rows, ["record_number"])
    return table.column(0).to_pylist()


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


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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


def test_each_query_by_itself_equals_its_own_search(readers):
    reader = readers[128]
    queries = queries_of(11, 6, 3, conformer_fusion="max")
    lists = search_each(reader, queries, 40, chunk_rows=90)
    assert len(lists) == 6
    for query, found in enumerate(lists):
        rows = queries.groups == query
        alone = QuerySet(
            queries.vectors[rows], np.zeros(rows.sum(), np.int64), conformer_fusion="max"
        )
        numbers, scores, _ = brute_force(reader, alone, 40)
        assert numbers_of(reader, found) == numbers
        np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-12)
        assert found.query_scores.shape == (40, 1)


@pytest.mark.parametrize("rows", sorted(STORED))
def test_lists_of_one_pass_are_those_of_a_pass_each(readers, rows):
    reader, rng = readers[rows], np.random.default_rng(4)
    prints = np.concatenate([reader.fingerprints(i) for i in range(reader.n_shards)])
    nothing = np.zeros_like(prints[:1])
    for likenesses in (
        [prints[rng.integers(0, N, 1)] for _ in range(4)],
        [prints[:1], prints[5:8], nothing, None],
        [None, None, None, None],
    ):
        wanted = [
            Wanted(
                queries_of(n, 1 if known is None else len(known), 1 + n % 2),
                (7, 40, N, 1)[n],
                None
                if known is None
                else Blend(0.4 + n, "top2", Likeness(known, 0.1 * n, "mean" if n % 2 else "max")),
                (None, None, 0.3, None)[n],
            )
            for n, known in enumerate(likenesses)
        ]
        found = search_lists(reader, wanted, chunk_rows=90)
        for one, mine in zip(wanted, found, strict=True):
            lone = search(reader, one.queries, one.k, blend=one.blend, least=one.least)
            for name in ("shards", "rows", "scores", "query_scores", "likeness"):
                assert np.array_equal(getattr(mine, name), getattr(lone, name)), name


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


def test_a_library_member_finds_itself_first(readers):
    reader = readers[128]
    vector = reader.embeddings(3)[17].astype(np.float32)
    found = search(reader, QuerySet(vector[None], np.array([0])), 1)
    assert np.array_equal(reader.embeddings(int(found.shards[0]))[found.rows[0]], vector)
    assert found.scores[0] == pytest.approx(1, abs=1e-3)


def test_no_hits_wanted_or_other_dimensions_are_refused(readers):
    with pytest.raises(UsageError, match="at least 1"):
        search(readers[128], queries_of(0, 1, 1), 0)
    with pytest.raises(UsageError, match="dimensions"):
        search(readers[128], QuerySet(np.ones((1, 8), np.float32), np.array([0])), 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_query_that_is_not_finite_is_refused(bad):
    vectors = np.ones((2, 4), np.float32)
    vectors[1, 2] = bad
    with pytest.raises(ValueError, match="not finite"):
        QuerySet(vectors, np.array([0, 0]))


@pytest.mark.parametrize("groups", [[], [0, 2], [1, 1], [0]])
def test_groups_must_name_every_query(groups):
    with pytest.raises(ValueError, match=r"conformer"):
        QuerySet(np.ones((2, 4), np.float32), np.array(groups, dtype=np.int64))


def test_a_nan_in_a_shard_is_corruption_not_a_missing_hit(tmp_path, monkeypatch):
    monkeypatch.setattr(int8, "LEAST_ROWS", 10**9)
    reader = made(tmp_path, 300)
    path = next((tmp_path / "i").rglob("shard-00001/embeddings.npy"))
    array = np.load(path)
    array[50, 3] = np.nan
    np.save(path, array)
    monkeypatch.setattr(IndexReader, "_block_sums", lambda *_: None)  # as in an older index
    with pytest.raises(IndexCorruptError, match=r"not finite; run: molsearch verify"):
        search(reader, queries_of(0, 1, 1), 5)


def test_search_leaves_the_precision_of_products_as_it_was(readers):
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        search(readers[128], queries_of(0, 1, 1), 5)
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)


def test_the_error_bound_holds_for_random_vectors():
    rng = np.random.default_rng(2)
    stored = rng.standard_normal((20_000, 256))
    stored = (stored / np.linalg.norm(stored, axis=1, keepdims=True)).astype(np.float16)
    vector = rng.standard_normal(256)
    queries = QuerySet((vector / np.linalg.norm(vector))[None].astype(np.float32), np.array([0]))
    coarse = torch.from_numpy(stored).float() @ torch.from_numpy(queries.vectors[0])
    due = stored.astype(np.float64) @ queries.vectors[0].astype(np.float64)
    assert np.abs(coarse.numpy() - due).max() < error_of_cosines(queries) / 10


@pytest.mark.parametrize("kind", ["unit", "one large", "tiny", "equal", "sparse"])
def test_the_error_of_one_byte_products_is_bounded(kind):
    rng = np.random.default_rng(3)
    stored = rng.standard_normal((3000, 256))
    queries = rng.standard_normal((5, 256))
    if kind == "one large":
        stored[:, 7] += 40
        queries[:, 7] += 40
    if kind == "tiny":
        stored[:, 1:] *= 1e-4
    if kind == "equal":
        stored[:] = 1
    if kind == "sparse":
        stored *= rng.random(stored.shape) < 0.02
        stored[:, 0] += 1
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    stored = stored.astype(np.float16)
    asked = QuerySet(queries.astype(np.float32), np.arange(5))
    plan = ScanPlan(coarse(asked, each=True))
    backend = Int8Backend(_Held(int8.encode(stored)), plan, Int8Queries(plan.matrix))
    found = backend.score(0, len(stored))
    due = stored.astype(np.float64) @ asked.vectors.astype(np.float64).T
    wrong = np.abs(found.cosines.numpy() - due)
    assert (wrong <= found.error[:, None]).all()
    assert found.error.max() == np.float32(found.largest) < 0.05  # of use, not only right


class _Held:
    """Rows in memory in place of a file's."""

    def __init__(self, block):
        self.block = block

    def __len__(self):
        return len(self.block.codes)

    def rows(self, start, stop):
        parts = (self.block.codes, self.block.scale, self.block.distance)
        return int8.Int8Block(*(part[start:stop] for part in parts))


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


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_the_same_hits(readers):
    queries = queries_of(8, 3, 2)
    cpu = search(readers[128], queries, 300)
    cuda = search(readers[128], queries, 300, device="cuda")
    assert np.array_equal(cpu.rows, cuda.rows)
    assert np.array_equal(cpu.shards, cuda.shards)
    assert np.array_equal(cpu.scores, cuda.scores)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_lowers_ranks_alike(readers):
    against = Against(queries_of(9, 4, 2), 0.7)
    cpu = search(readers[128], queries_of(8, 3, 2), 300, against=against)
    cuda = search(readers[128], queries_of(8, 3, 2), 300, against=against, device="cuda")
    assert np.array_equal(cpu.rows, cuda.rows)
    assert np.array_equal(cpu.shards, cuda.shards)
