"""What a screen is told: a number where one was learnt, otherwise why not."""

from __future__ import annotations

import numpy as np
import pytest
from fits import fitted

from molsearch.errors import InputError
from molsearch.trust import fitted as file
from molsearch.trust.features import ALONE, SEVERAL, Asked, Chemistry
from molsearch.trust.said import FEWEST, too_few, trust_of

DIM = 8


def _world(n=3, seed=0):
    rng = np.random.default_rng(seed)

    def vectors(count):
        found = rng.standard_normal((count, DIM))
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def prints(count):
        return np.packbits(rng.random((count, 2048)) < 0.05, axis=1)

    return vectors(n), prints(n), Chemistry(vectors(200), prints(200))


def _told(known, n=3, **changes):
    vectors, prints, chemistry = _world(n)
    given = {"encoder": "mine", "rank": "balanced", "chemistry": chemistry, **changes}
    return trust_of(known, vectors=vectors, prints=prints, **given)


@pytest.mark.parametrize("n", [1, 2, 30])
def test_an_estimate_lies_in_its_interval(n) -> None:
    trust = _told(fitted(), n)
    middle, low, high = trust.enrichment
    assert 0 < low < middle < high < 100
    assert f"{middle:.0f} times" in trust.sentence()
    assert trust.record()["enrichment_1pct"] == [middle, low, high]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"encoder": "another"}, "another encoder"),
        ({"rank": "ecfp4"}, "--rank balanced"),
        ({"chemistry": None}, "no background"),
    ],
)
def test_where_nothing_can_be_said_it_says_why(changes, why) -> None:
    trust = _told(fitted(), **changes)
    assert trust.enrichment is None
    assert why in trust.sentence()
    assert "\n" not in trust.sentence()


def test_nothing_is_foretold_of_few_molecules() -> None:
    trust = _told(fitted())
    assert trust.unforetold(too_few(FEWEST)) is trust
    few = trust.unforetold(too_few(60))
    assert few.enrichment is None
    assert few.record()["enrichment_1pct"] is None
    assert few.sentence().startswith(
        "no enrichment can be foretold: the library has 60 molecules, and of fewer than 500"
    )
    assert "1 molecule," in too_few(1)
    other = _told(fitted(), encoder="another")
    assert other.unforetold(too_few(60)) is other  # the first reason stands


def test_nothing_is_said_without_a_file_or_beyond_what_was_seen(tmp_path) -> None:
    assert "nothing was fitted" in _told(None).sentence()
    estimate = fitted().estimates["several"].model_copy(update={"most": (-4.9,) * len(SEVERAL)})
    known = fitted()
    known = known.model_copy(update={"estimates": {**known.estimates, "several": estimate}})
    assert _told(known).enrichment is None
    assert file.read(tmp_path / "none.json") is None
    damaged = tmp_path / "trust.json"
    damaged.write_text('{"fitted": {}}')
    with pytest.raises(InputError, match="restore it"):
        file.read(damaged)


def test_features_are_those_of_the_queries_in_any_order() -> None:
    vectors, prints, chemistry = _world(5)
    asked = Asked.of(vectors, prints, chemistry)
    one = asked.features(np.array([0, 2, 4]))
    other = asked.features(np.array([4, 0, 2]))
    assert one == pytest.approx(other)
    assert set(one) == set(SEVERAL)
    assert set(asked.features(np.array([1]))) == set(ALONE)


def test_queries_that_find_each_other_are_told_from_those_that_do_not() -> None:
    vectors, prints, chemistry = _world(4)
    vectors[1], prints[1] = vectors[0], prints[0]
    asked = Asked.of(vectors, prints, chemistry)
    twins, strangers = asked.features(np.array([0, 1])), asked.features(np.array([2, 3]))
    assert twins["left_out"] < strangers["left_out"]
    assert twins["mutual_similarity"] == 1.0
    # The share of the background above the query left out, as counted by hand.
    scores = chemistry.vectors @ vectors[2] + asked.alike[:, 2]
    own = vectors[3] @ vectors[2] + asked.own_alike[3, 2]
    back = chemistry.vectors @ vectors[3] + asked.alike[:, 3]
    shares = [((values > own).sum() + 0.5) / 201 for values in (scores, back)]
    assert strangers["left_out"] == pytest.approx(np.log10(shares).mean())


def test_a_sentence_says_where_all_queries_are_told_the_same() -> None:
    known = fitted()
    assert "foretold" not in _told(known, 1).sentence()
    flat = known.estimates["alone"].model_copy(update={"coefficients": (-1.0, 0.0, 0.0)})
    same = known.model_copy(update={"estimates": {**known.estimates, "alone": flat}})
    assert _told(same, 1).sentence().endswith("nothing known of a single query foretold more")
    assert _told(same, 1).enrichment == same_of_another(same)


def same_of_another(known):
    vectors, prints, chemistry = _world(1, seed=5)
    return trust_of(
        known, encoder="mine", rank="balanced", vectors=vectors, prints=prints,
        chemistry=chemistry,
    ).enrichment  # fmt: skip
