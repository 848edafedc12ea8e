"""A screen by rarity: its column, its words, and what is said of the hits."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, molecule, prepared_set, unit_rows
from ranked import QUERIES, SMILES, built

from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig, Vector
from molsearch.errors import EncoderMismatchError, UsageError
from molsearch.index.rarity import Reference, reference_of
from molsearch.index.writer import build_index
from molsearch.search import far
from molsearch.search.inactives import read_inactives
from molsearch.search.leave_one_out import leave_one_out
from molsearch.search.queries import embed_queries, read_queries
from molsearch.search.screen import screen
from molsearch.search.vectors import queries_of_vectors
from molsearch.work.inline import Inline

REFERENCE = unit_rows(90, seed=4)
READ, PREPARE = ReadConfig(), PrepareConfig(n_conformers=0)
SEVERAL = [*QUERIES, "CCCCc1ccc(O)cc1 more", "O=C(NCCC)c1ccncc1 fourth", "CCc1ccc(Cl)cc1 fifth"]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return built(tmp_path_factory.mktemp("rarity"), SMILES, shard_rows=17)


def encoder_of(**more):
    background = unit_rows(300, seed=11)
    prints = np.random.default_rng(3).integers(0, 256, (300, 256), np.uint8)
    return FakeEncoder(
        **{"reference": REFERENCE, "background": background, "background_ecfp4": prints, **more}
    )


def hits(reader, queries=QUERIES, encoder=None, against=(), elsewhere=None, **config):
    return screen(
        reader, encoder or encoder_of(), read_queries(queries, READ, PREPARE),
        ScreenConfig(**{"k": 30, "expand": 0, **config}),
        inactives=read_inactives(against, READ, PREPARE), elsewhere=elsewhere,
    )  # fmt: skip


def stored(reader, found):
    places = zip(found.candidates.shards, found.candidates.rows, strict=True)
    return np.stack([reader.embeddings(int(s))[r] for s, r in places])


@pytest.mark.parametrize(
    ("queries", "weight"), [(QUERIES[:1], 1.0), (QUERIES, 0.5), (SEVERAL, 1.0)]
)
def test_it_is_a_column_and_the_parts_add_up_to_the_score(reader, queries, weight):
    found = hits(reader, queries)
    frame = found.frame
    place = frame.columns.get_loc("ecfp4_score")
    assert frame.columns[place + 1] == "rarity_score"
    total = frame.molsearch_score + weight * frame.ecfp4_score + 1.25 * frame.rarity_score
    np.testing.assert_allclose(frame.score, total, atol=1e-12)
    due = Reference(REFERENCE).rarity(stored(reader, found))
    np.testing.assert_array_equal(frame.rarity_score, due.astype(float))
    assert frame.score.is_monotonic_decreasing
    assert found.ranking.words().endswith("rarity among reference compounds")
    assert found.percentile_of == "score"


@pytest.mark.parametrize("rank", ["molsearch", "molsearch+ecfp4", "molsearch+rarity"])
def test_a_score_is_what_ranked_unless_a_cosine_is_above_one(reader, rank):
    found = hits(reader, SMILES[:12], k=1_000, rank=rank)
    cosines, scores = found.candidates.query_scores.max(axis=1), found.candidates.scores
    above = cosines > 1.0
    assert 0 < above.sum() < len(above)  # a query itself, where its vector was rounded up
    np.testing.assert_array_equal(found.frame.score[~above], scores[~above])
    np.testing.assert_allclose(found.frame.score, scores, atol=1e-3)
    assert (found.frame.molsearch_score[above] == 1.0).all()
    assert (found.frame.score[above] < scores[above]).all()


def test_percentiles_are_those_of_the_whole_sum(reader):
    encoder = encoder_of()
    found = hits(reader, QUERIES[:1], encoder)
    query = read_queries(QUERIES[:1], READ, PREPARE)
    vector = embed_queries(query, encoder).vectors[0].astype(float)
    bits = [np.unpackbits(one, axis=-1).astype(bool) for one in (query[0].fingerprint,)]
    others = np.unpackbits(encoder.background_ecfp4, axis=1).astype(bool)
    alike = (others & bits[0]).sum(axis=1) / (others | bits[0]).sum(axis=1)
    rarity = Reference(REFERENCE).rarity(encoder.background)
    scores = encoder.background.astype(float) @ vector + alike + 1.25 * rarity
    due = [100 * np.mean(scores < one) for one in found.frame.score]
    np.testing.assert_allclose(found.frame.background_percentile, due, atol=0.4)


def test_an_encoder_without_compounds_ranks_by_the_sum_of_before(reader):
    found = hits(reader, encoder=encoder_of(reference=None))
    assert "rarity_score" not in found.frame
    assert "rarity" not in found.ranking.words()
    asked = hits(reader, rank="molsearch-top2+ecfp4")
    assert found.frame.molecule_id.tolist() == asked.frame.molecule_id.tolist()
    np.testing.assert_array_equal(found.frame.score, asked.frame.score)
    with pytest.raises(UsageError, match="no reference compounds"):
        hits(reader, encoder=encoder_of(reference=None), rank="molsearch+rarity")


def test_what_is_no_reference_is_refused(reader):
    with pytest.raises(EncoderMismatchError, match="not rows of 16 dimensions"):
        hits(reader, encoder=encoder_of(reference=unit_rows(5, 17)))


@pytest.mark.parametrize(
    "config", [{"k": 5}, {"threshold": 1.6}, {"where": ("mw>20",)}, {"expand": None}]
)
def test_workers_elsewhere_find_the_same(reader, config):
    for queries in (QUERIES[:1], SEVERAL):
        due = hits(reader, queries, **config)
        found = hits(reader, queries, elsewhere=Inline(), **config)
        assert found.frame.equals(due.frame)


def test_workers_elsewhere_find_it_and_write_nothing(tmp_path, monkeypatch):
    reader = built(tmp_path, SMILES, shard_rows=17)
    seen, kept = [], far._best

    def watched(*given, **more):
        seen.append({*tmp_path.rglob("rarity-*.npy")})
        return kept(*given, **more)

    monkeypatch.setattr(far, "_best", watched)
    hits(reader, QUERIES[:1], elsewhere=Inline())
    assert [len(one) for one in seen] == [reader.n_shards] * reader.n_shards


def test_a_series_model_and_inactives_stand_beside_it(reader):
    against = ["CCc1ccc(C(=O)O)cc1 bad", "CNCCOc1ccc2[nH]ccc2c1 worse"]
    by_series = hits(reader, SEVERAL, against=against)
    frame = by_series.frame
    parts = frame.molsearch_score + frame.ecfp4_score + 1.25 * frame.rarity_score
    np.testing.assert_allclose(frame.similarity_score, parts, atol=1e-12)
    np.testing.assert_allclose(frame.score, parts + 0.5 * frame.series_score, atol=1e-12)
    taken = hits(reader, SEVERAL, against=against, inactives_weight=0.5).frame
    parts = taken.molsearch_score + taken.ecfp4_score + 1.25 * taken.rarity_score
    np.testing.assert_allclose(taken.score, parts - 0.5 * taken.inactive_score, atol=1e-12)


def test_further_fingerprints_and_their_columns_come_after_it(reader):
    found = hits(reader, rank="molsearch+rarity+0.5*fcfp4")
    place = found.frame.columns.get_loc("rarity_score")
    assert found.frame.columns[place + 1] == "fcfp4_score"
    frame = found.frame
    total = frame.molsearch_score + frame.rarity_score + 0.5 * frame.fcfp4_score
    np.testing.assert_allclose(frame.score, total, atol=1e-12)


def test_the_nearest_query_is_what_it_is_without(reader):
    with_it = hits(reader, SEVERAL).frame.set_index("molecule_id")
    without = hits(reader, SEVERAL, rank="molsearch-top2+ecfp4", k=100).frame
    without = without.set_index("molecule_id").loc[with_it.index]
    assert with_it.nearest_query.tolist() == without.nearest_query.tolist()
    np.testing.assert_array_equal(with_it.ecfp4_similarity, without.ecfp4_similarity)


def test_queries_left_out_are_placed_by_it_too(reader):
    encoder = encoder_of()
    found = hits(reader, SEVERAL, encoder)
    assert found.leave_one_out.expression.endswith("+1.25*rarity")
    queries = read_queries(SEVERAL, READ, PREPARE)
    embedded = embed_queries(queries, encoder)
    reference = reference_of(encoder)
    told = leave_one_out(reader, queries, embedded, found.ranking, reference=reference)
    assert told == found.leave_one_out
    rarities = Reference(REFERENCE).rarity(embedded.as_molecules())
    without = hits(reader, SEVERAL, rank="molsearch-top2+ecfp4").leave_one_out
    for one, other, rarity in zip(told.places, without.places, rarities, strict=True):
        assert one.score == pytest.approx(other.score + 1.25 * rarity, abs=1e-6)


def test_a_query_given_as_a_vector_is_ranked_by_the_embedding_alone(reader):
    vector = tuple(encoder_of().background[0].astype(float).tolist())
    queries = queries_of_vectors(Vector(vector=vector, id="v"))
    found = screen(reader, encoder_of(), queries, ScreenConfig(k=9))
    assert str(found.ranking.expression) == "molsearch-max"
    assert "rarity_score" not in found.frame
    assert "1 query is a vector, without a structure: the embedding alone ranks" in found.warnings
    mixed = [*queries, *read_queries(QUERIES[:1], READ, PREPARE)]
    assert str(screen(reader, encoder_of(), mixed, ScreenConfig()).ranking.expression) == (
        "molsearch-top2"
    )


def test_a_vector_is_ranked_by_it_where_that_is_asked(reader):
    vector = tuple(encoder_of().background[0].astype(float).tolist())
    queries = queries_of_vectors(Vector(vector=vector, id="v"))
    asked = ScreenConfig(k=9, rank="molsearch+1.25*rarity")
    found = screen(reader, encoder_of(), queries, asked)
    total = found.frame.molsearch_score + 1.25 * found.frame.rarity_score
    np.testing.assert_allclose(found.frame.score, total, atol=1e-6)
    assert any(
        line.endswith("without a structure: the embedding and rarity rank")
        for line in found.warnings
    )


def test_names_of_a_users_columns_give_way_to_it(tmp_path):
    rows = [molecule(n, user={"rarity_score": str(n)}) for n in range(1, 20)]
    reader = build_index(prepared_set(tmp_path / "p", rows), encoder_of(), tmp_path / "i")
    ranked = hits(reader, QUERIES[:1]).frame
    assert ranked.rarity_score_input.astype(int).tolist() == ranked.record_number.tolist()
    assert ranked.rarity_score.dtype == float
    other = hits(reader, QUERIES[:1], rank="molsearch").frame
    assert other.rarity_score.astype(int).tolist() == other.record_number.tolist()


def test_a_condition_on_rarity_holds_of_the_column(reader):
    everything = hits(reader, k=1_000).frame
    middle = float(everything.rarity_score.median())
    found = hits(reader, k=1_000, where=[f"rarity_score>={middle!r}"]).frame
    due = everything[everything.rarity_score >= middle]
    assert 0 < len(found) < len(everything)
    assert found.molecule_id.tolist() == due.molecule_id.tolist()
    with pytest.raises(UsageError, match="rarity is no part of this ranking; add it with --rank"):
        hits(reader, rank="molsearch+ecfp4", where=["rarity_score>0"])
