"""Rarity as a component of a ranking, and as a scorer of benchmarks."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, molecule, unit_rows

from molsearch.data.prepared_table import table_of
from molsearch.errors import UsageError
from molsearch.index.rarity import Reference
from molsearch.scoring.blend import Blend, Rarity
from molsearch.scoring.default import balanced
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.plan import ScanPlan, plan_of, shared_plan
from molsearch.scoring.protocols import Prepared3D
from molsearch.scoring.queryset import QuerySet
from molsearch.scoring.ranking import ranking_of
from molsearch.scoring.rarity import RarityScorer

REFERENCE = Reference(unit_rows(80, seed=3))
PRINTS = np.zeros((1, 256), np.uint8)


@pytest.mark.parametrize(
    ("n_queries", "due"),
    [
        (1, "molsearch-max+ecfp4-max+1.25*rarity"),
        (2, "molsearch-top2+0.5*ecfp4-max+1.25*rarity"),
        (3, "molsearch-top2+ecfp4-max+1.25*rarity"),
    ],
)
def test_the_default_ranking_adds_it_where_it_can_be_told(n_queries, due):
    assert str(ranking_of("balanced", n_queries, rarity=True).expression) == due
    again = ranking_of(due, n_queries)  # what run.json has
    assert again.expression == ranking_of("balanced", n_queries, rarity=True).expression
    assert balanced(n_queries, rarity=True) == again.expression


@pytest.mark.parametrize(
    ("n_queries", "due"),
    [
        (1, "molsearch-max+ecfp4-max"),
        (2, "molsearch-top2+ecfp4-max"),
        (5, "molsearch-top2+2*ecfp4-max"),
    ],
)
def test_where_it_cannot_be_told_the_sum_is_that_of_before(n_queries, due):
    assert str(ranking_of("balanced", n_queries).expression) == due


def test_inactives_count_after_it():
    ranking = ranking_of("balanced", 5, inactives=True, rarity=True)
    assert str(ranking.expression) == "molsearch-top2+ecfp4-max+1.25*rarity+0.5*series"
    assert "rarity among reference compounds + 0.5 × series model" in ranking.words()


@pytest.mark.parametrize("fusion", ["max", "mean", "top2"])
def test_another_fusion_leaves_it_alone(fusion):
    for asked in ("balanced", "rarity+molsearch+2*ecfp4"):
        ranking = ranking_of(asked, 3, fusion=fusion, rarity=True)
        assert {term.fusion for term in ranking.expression.terms} == {fusion, None}
        assert ranking.rarity.fusion is None
    assert ranking.words().endswith("+ rarity among reference compounds")


def test_it_says_what_is_added_in_words_and_in_the_record():
    ranking = ranking_of("molsearch+0.5*rarity", 1)
    assert ranking.words() == "cosine of the embeddings + 0.5 × rarity among reference compounds"
    assert ranking.record()["components"][1] == {"name": "rarity", "weight": 0.5, "fusion": None}
    assert [term.name for term in ranking.further] == ["rarity"]
    assert ranking.extras == ()
    assert [t.name for t in ranking_of("fcfp4+rarity+shape+molsearch", 1).further] == [
        "rarity", "fcfp4", "shape",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("rarity", "rarity knows nothing of the queries; add it to molsearch or ecfp4"),
        ("2*rarity", "knows nothing of the queries"),
        ("rarity+inactives", "changes the ranks that something else gives"),
        ("rarity+shape", "looks at the first of a list that something else ranks"),
        ("molsearch+rarity-max", "rarity is not fused over queries; drop the -max behind it"),
        ("molsearch+rarity+rarity", "twice"),
        ("molsearch+rare", "ecfp4.*rarity and shape"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(asked, why):
    with pytest.raises(UsageError, match=why) as told:
        ranking_of(asked, 2)
    assert "\n" not in str(told.value)


def test_an_encoder_without_compounds_cannot_be_asked_for_it():
    with pytest.raises(UsageError, match="no reference compounds, by which rarity is told"):
        ranking_of("molsearch+rarity", 1).blend(PRINTS)


def test_queries_without_structures_keep_it_only_where_it_is_asked_for():
    alone = ranking_of("balanced", 2, rarity=True).by_embedding_alone()
    assert str(alone.expression) == "molsearch-top2"
    assert str(ranking_of("balanced", 2).by_embedding_alone().expression) == "molsearch-top2"
    kept = ranking_of("molsearch+rarity", 2)
    assert kept.by_embedding_alone() is kept


def test_a_blend_adds_it_once():
    blend = ranking_of("2*molsearch+3*rarity", 2).blend(PRINTS, REFERENCE)
    assert not blend.is_plain
    assert blend.most == 2 + 3 * 2
    cosines = np.array([[0.1, 0.5], [0.3, 0.2]])
    rarity = np.array([0.7, 0.9], np.float32)
    none = np.empty((2, 0))
    found = blend.fused(cosines, none, rarity[:, None])
    np.testing.assert_array_equal(found, 2 * cosines.max(axis=1) + 3 * rarity.astype(np.float64))
    plain = ranking_of("molsearch", 2).blend(PRINTS, REFERENCE)
    np.testing.assert_array_equal(plain.fused(cosines, none, none), cosines.max(axis=1))


def test_each_query_by_itself_is_weighted_as_it_ranks():
    blend = ranking_of("2*molsearch+3*rarity", 2).blend(PRINTS, REFERENCE)
    cosines = np.array([[0.1, 0.5], [0.3, 0.2]])
    np.testing.assert_array_equal(blend.of_each(cosines, np.empty((2, 0))), 2 * cosines)


def test_a_plan_knows_what_it_is_told_by():
    queries = QuerySet(unit_rows(1).astype(np.float32), np.zeros(1, np.int64))
    with_it, without = Blend(rarity=Rarity(REFERENCE)), Blend()
    assert plan_of(queries, with_it, None).reference is REFERENCE
    assert plan_of(queries, without, None).reference is None
    assert ScanPlan(plan_of(queries, without, None).cosines).reference is None
    assert shared_plan([queries] * 2, [without, with_it]).reference is REFERENCE
    assert shared_plan([queries] * 2, [without, without]).reference is None


def test_a_scorer_gives_every_query_the_same_and_what_has_no_embedding_none():
    encoder = FakeEncoder(reference=REFERENCE.vectors)
    by = EncoderScorer("mine", encoder)
    scorer, pool = RarityScorer(by), Pool(*range(1, 9))
    found = scorer.score(Pool(20), pool)
    assert found.shape == (2, 9)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0, :8], REFERENCE.rarity(by.vectors(pool)[:8]))
    assert np.isnan(found[:, 8]).all()
    assert scorer.name == "rarity"
    assert scorer.identity()["rarity"]["reference"] == REFERENCE.key
    assert scorer.needs == by.needs
    with pytest.raises(UsageError, match="mine brings none"):
        RarityScorer(EncoderScorer("mine", FakeEncoder()))


class Pool:
    """Prepared molecules, of which the last could not be prepared."""

    def __init__(self, *numbers):
        table = table_of([molecule(number) for number in numbers])
        self.prepared = Prepared3D(table, np.array([*range(len(numbers)), -1]))

    def __len__(self):
        return len(self.prepared.rows)

    def remember(self, _, compute):
        return compute()
