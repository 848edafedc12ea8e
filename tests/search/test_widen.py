"""A screen that searches twice: the first hits move the queries, and nothing that is shown does."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, unit_rows
from ranked import SMILES, built

from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig, Vector
from molsearch.errors import UsageError
from molsearch.search.exclusions import read_exclusions
from molsearch.search.inactives import read_inactives
from molsearch.search.queries import embed_queries, read_queries
from molsearch.search.screen import screen
from molsearch.search.vectors import queries_of_vectors
from molsearch.work.inline import Inline

READ, PREPARE = ReadConfig(), PrepareConfig(n_conformers=0)
LIBRARY = [*SMILES, *(f"CC(C){'C' * n}OCC" for n in range(1, 200))]
THREE = ["CCCc1ccc(O)cc1 phenol", "O=C(NCC)c1ccncc1 amide", "CCOCC ether"]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return built(tmp_path_factory.mktemp("widen"), LIBRARY, shard_rows=60, real_keys=True)


def run(reader, queries=THREE, against=(), **more):
    screened = {name: more.pop(name) for name in ("elsewhere", "exclusions") if name in more}
    return screen(
        reader, FakeEncoder(), read_queries(queries, READ, PREPARE),
        ScreenConfig(**{"k": 1000, "expand": 20, **more}),
        inactives=read_inactives(against, READ, PREPARE), **screened,
    )  # fmt: skip


def naive(reader, found, n, left_out=()):
    """Cosines of hits to queries that the first n of a plain list have moved."""
    plain = run(reader, [f"{q.first.smiles} {q.query_id}" for q in found.queries], expand=0)
    names = plain.frame.molecule_id.tolist()
    places = [i for i, name in enumerate(names) if name not in left_out][:n]
    one = plain.candidates
    hits = [reader.embeddings(int(one.shards[i]))[one.rows[i]].astype(float) for i in places]
    moved = embed_queries(found.queries, FakeEncoder()).vectors + np.mean(hits, axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    two = found.candidates
    rows = [reader.embeddings(int(s))[r] for s, r in zip(two.shards, two.rows, strict=True)]
    return np.array(rows, float) @ moved.T


@pytest.mark.parametrize("n_queries", [1, 3])
def test_cosines_are_those_to_the_moved_queries_and_the_parts_add_up(reader, n_queries):
    found = run(reader, THREE[:n_queries])
    n = len(LIBRARY) // 40
    assert found.ranking.widened == n == 6
    queries = [f"id-{query.first.smiles}" for query in found.queries]
    cosines = np.sort(naive(reader, found, n, queries), axis=1)[:, -2:].mean(axis=1)
    np.testing.assert_allclose(found.frame.molsearch_score, np.minimum(cosines, 1), atol=1e-3)
    weight = {1: 1.0, 3: 2.0}[n_queries]
    total = found.frame.molsearch_score + weight * found.frame.ecfp4_score
    np.testing.assert_allclose(found.frame.score, total, atol=1e-12)
    assert found.frame.score.is_monotonic_decreasing
    once = run(reader, THREE[:n_queries], expand=0)
    assert once.frame.molecule_id.tolist() != found.frame.molecule_id.tolist()
    same = once.frame.set_index("molecule_id").ecfp4_score.loc[found.frame.molecule_id]
    assert same.tolist() == found.frame.ecfp4_score.tolist()


def test_it_is_said_and_recorded(reader):
    found = run(reader)
    assert found.ranking.words().endswith("; queries moved towards the first 6 hits")
    told = found.ranking.record()
    assert told["widened_by_hits"] == 6
    first = run(reader, expand=0).frame.molecule_id
    queries = {f"id-{query.first.smiles}" for query in found.queries}
    assert told["widened_by"] == [one for one in first if one not in queries][:6]
    one = run(reader, THREE[:1], expand=1)
    assert one.ranking.words().endswith("; query moved towards the first 1 hit")
    once = run(reader, expand=0)
    assert "moved" not in once.ranking.words()
    assert once.ranking.record()["widened_by_hits"] == 0


@pytest.mark.parametrize(
    "config", [{"where": ("ecfp4_similarity<0.4",)}, {"k": 3}, {"threshold": 1.2}]
)
def test_what_is_shown_does_not_change_what_a_molecule_scores(reader, config):
    every = run(reader).frame.set_index("molecule_id").score
    some = run(reader, **config).frame.set_index("molecule_id").score
    assert 0 < len(some) < len(every)
    np.testing.assert_array_equal(some, every.loc[some.index])


def test_excluded_molecules_move_the_queries_all_the_same(reader):
    every = run(reader).frame.set_index("molecule_id").score
    exclusions = read_exclusions((), ["CCc1ccc(O)cc1"], 0.9, PREPARE)
    some = run(reader, exclusions=exclusions).frame.set_index("molecule_id").score
    assert len(some) < len(every)
    np.testing.assert_array_equal(some, every.loc[some.index])


def test_workers_elsewhere_find_the_same(reader):
    assert run(reader, elsewhere=Inline()).frame.equals(run(reader).frame)


@pytest.mark.parametrize("rank", ["balanced", "molsearch"])
@pytest.mark.parametrize("weight", [0.0, 0.4])
def test_a_hit_is_placed_among_random_molecules_by_the_queries_as_given(reader, rank, weight):
    """Hits have moved the queries towards themselves, and no random molecule has moved any."""
    mine = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)]).astype(float)
    prints = np.concatenate([reader.fingerprints(i) for i in range(reader.n_shards)])
    random = np.tile(mine, (2, 1))[:400] + 0.2 * unit_rows(400, mine.shape[1], seed=8)
    encoder = FakeEncoder(
        background=(random / np.linalg.norm(random, axis=1, keepdims=True)).astype(np.float16),
        background_ecfp4=np.tile(prints, (2, 1))[:400],
    )
    told = []
    for expand in (0, 20):
        found = screen(
            reader, encoder, read_queries(THREE, READ, PREPARE),
            ScreenConfig(k=1000, expand=expand, rank=rank, inactives_weight=weight),
            inactives=read_inactives(["CCCl"], READ, PREPARE),
        )  # fmt: skip
        told.append(found.frame.set_index("molecule_id"))
    assert (told[0].score - told[1].score.loc[told[0].index]).abs().max() > 0.01
    percentiles = [one.background_percentile.loc[told[0].index] for one in told]
    np.testing.assert_allclose(*percentiles, atol=1e-9)
    assert percentiles[0].nunique() > 20


COPIES = [
    f"{a}{b}{c}c1ccc({d})cc1"
    for a in ("C", "[13CH3]", "[14CH3]")
    for b in ("C", "[13CH2]", "[14CH2]")
    for c in ("C", "[13CH2]")
    for d in ("O", "[18OH]")
]


@pytest.mark.parametrize("n_left_out", [0, 150])
def test_copies_of_the_query_take_no_hit_s_place(tmp_path, n_left_out):
    """Salts, stereoisomers and suppliers' copies stand first, more of them than are looked at."""
    library = [*COPIES, *LIBRARY[n_left_out:]]
    reader = built(tmp_path, library, shard_rows=60, real_keys=True)
    copies = [f"id-{one}" for one in (*COPIES, "CCCc1ccc(O)cc1")]
    n = len(library) // 40
    once = run(reader, THREE[:1], expand=0).frame.molecule_id
    assert set(once[: n + 1]) <= set(copies)
    found = run(reader, THREE[:1])
    assert found.ranking.widened == n
    due = naive(reader, found, n, copies)[:, 0]
    np.testing.assert_allclose(found.frame.molsearch_score, np.minimum(due, 1), atol=1e-3)


def test_a_library_of_copies_alone_moves_nothing_and_says_so(tmp_path):
    reader = built(tmp_path, [*COPIES, *(one.replace("cc1", "c([2H])c1") for one in COPIES)])
    known = dict.fromkeys(run(reader, THREE[:1], expand=0).frame.molecule_id)
    reader = built(tmp_path / "real", [one[3:] for one in known], real_keys=True)
    found = run(reader, THREE[:1])
    assert len(known) >= 40
    assert found.ranking.widened == 0
    assert "moved" not in found.ranking.words()
    assert found.frame.equals(run(reader, THREE[:1], expand=0).frame)


def test_known_inactives_that_count_for_nothing_change_nothing(reader):
    first = run(reader, THREE[:1], expand=0).frame.molecule_id
    against = [name.removeprefix("id-") for name in first[1:4]]
    found = run(reader, THREE[:1], against=against, inactives_weight=0)
    without = run(reader, THREE[:1])
    assert found.frame.score.tolist() == without.frame.score.tolist()
    assert found.frame.molecule_id.tolist() == without.frame.molecule_id.tolist()


def test_known_inactives_do_not_move_the_queries(reader):
    first = run(reader, THREE[:1], expand=0).frame
    names = [name for name in first.molecule_id if name != "id-CCCc1ccc(O)cc1"][:2]
    against = [name.removeprefix("id-") for name in names]
    found = run(reader, THREE[:1], against=against)
    due = naive(reader, found, 6, ("id-CCCc1ccc(O)cc1", *names))[:, 0]
    np.testing.assert_allclose(found.frame.molsearch_score, np.minimum(due, 1), atol=1e-3)


@pytest.mark.parametrize(
    ("rank", "expand", "due"),
    [("balanced", 20, 6), ("balanced", None, 6), ("molsearch+ecfp4", None, 0),
     ("molsearch+ecfp4", 3, 3), ("molsearch", 100, 6), ("balanced", 0, 0),
     ("ecfp4", None, 0), ("ecfp4", 0, 0)],
)  # fmt: skip
def test_which_rankings_search_twice(reader, rank, expand, due):
    assert run(reader, THREE[:1], rank=rank, expand=expand, k=5).ranking.widened == due


def test_fewer_hits_than_were_asked_for_are_told(reader, tmp_path):
    assert run(reader, expand=6).warnings == run(reader, expand=None).warnings
    (line,) = set(run(reader, expand=50).warnings) - set(run(reader, expand=6).warnings)
    assert line == "--expand 50: 6 hits moved the queries (of 246 molecules 6 at most, one in 40)"
    few = built(tmp_path, SMILES[:39])
    (line,) = set(run(few, expand=50).warnings) - set(run(few, expand=None).warnings)
    assert line.startswith("--expand 50: no hit moved the queries, which were searched with once")


def test_of_a_few_molecules_none_moves_a_query(tmp_path):
    few = built(tmp_path, SMILES[:39])
    assert run(few).ranking.widened == 0
    assert run(few).frame.equals(run(few, expand=0).frame)


@pytest.mark.parametrize(("n_queries", "due"), [(1, 6), (2, 6), (3, 0)])
def test_one_query_or_two_are_widened_unless_told_otherwise(reader, n_queries, due):
    found = run(reader, THREE[:n_queries], expand=None)
    assert found.ranking.widened == due
    assert found.frame.equals(run(reader, THREE[:n_queries], expand=due).frame)


def test_a_ranking_without_embeddings_has_nothing_to_move(reader):
    with pytest.raises(UsageError, match="--expand moves embeddings of queries, and"):
        run(reader, rank="ecfp4", expand=5)


def test_a_vector_stays_unless_it_is_asked_for(reader):
    vector = Vector(vector=tuple(unit_rows(1, seed=5)[0].tolist()), id="v")
    queries = queries_of_vectors(vector)
    found = screen(reader, FakeEncoder(), queries, ScreenConfig(k=9))
    assert found.ranking.widened == 0
    moved = screen(reader, FakeEncoder(), queries, ScreenConfig(k=9, expand=6))
    assert moved.ranking.widened == 6
    assert moved.frame.score.iloc[0] > found.frame.score.iloc[0]
