"""One hit as people see it, wherever they look."""

from __future__ import annotations

import pandas as pd
import pytest

from molsearch import schema
from molsearch.view.hit import (
    Highlight,
    badges,
    is_flat,
    is_new,
    is_penalised,
    new_ones,
    title_of,
)

HIT = {
    schema.MOLECULE_ID: "Z1", schema.RANK: 2, schema.SCORE: 0.7, schema.ECFP4_SIMILARITY: 0.2,
    schema.PERCENTILE: 99.9, schema.IS_QUERY: False, schema.ALERTS: "",
    schema.UNSPECIFIED_STEREO: 0, schema.GEOMETRY: "",
}  # fmt: skip


def words(**changes):
    mark = Highlight("class", "kinase", "a kinase inhibitor")
    return [badge.text for badge in badges({**HIT, **changes}, mark)]


def test_badges_say_what_sets_a_hit_apart():
    assert words() == ["new"]
    assert words(ecfp4_similarity=0.35) == []
    assert words(alerts="Brenk: nitro; PAINS: azo", background_percentile=10.0) == ["2 alerts"]
    assert words(alerts=float("nan"), ecfp4_similarity=1.0, is_query=True) == ["query"]
    # A tautomer of the query, which the fingerprint finds unlike it.
    assert words(is_query=True) == ["query"]
    assert words(**{"class": "kinase", schema.UNSPECIFIED_STEREO: 2}) == [
        "a kinase inhibitor", "new", "stereo open",
    ]  # fmt: skip
    assert words(geometry=schema.GEOMETRY_NONE, ecfp4_similarity=0.9) == ["no 3D"]
    # A user's own column of such a name says nothing about known inactives.
    assert "inactive" not in words(is_inactive=True)
    assert "inactive" in words(is_inactive=True, nearest_inactive="x")


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, ""])
def test_what_is_not_known_makes_no_badge(value):
    assert words(unspecified_stereo=value, alerts=value, ecfp4_similarity=value) == []


def test_a_list_and_a_hit_agree_on_what_is_new():
    frame = pd.DataFrame(
        [{**HIT, schema.ECFP4_SIMILARITY: s, schema.PERCENTILE: p}
         for s in (0.0, 0.349, 0.35, 1.0) for p in (0.0, 98.9, 99.0, 100.0, None)]
    )  # fmt: skip
    assert new_ones(frame).tolist() == [is_new(hit) for hit in frame.to_dict("records")]
    assert 0 < new_ones(frame).sum() < len(frame)


def test_a_name_of_the_users_comes_before_the_id():
    assert title_of({**HIT, "name": "gefitinib"}) == ("gefitinib", "Z1")
    assert title_of({**HIT, "title": float("nan"), "compound_name": "x"}) == ("x", "Z1")
    assert title_of({**HIT, "name": "Z1"}) == ("Z1", "")


def test_a_list_of_an_earlier_version_is_told_from_a_library_made_of_one() -> None:
    old = ["rank", "score", "inactive_score", "penalised_score"]
    assert is_penalised(old)
    assert not is_penalised(old[:3])
    assert not is_penalised([*old, "similarity_score"])
    assert not is_penalised([*old, "score_input"])
    assert not is_penalised(["score", "penalised_score"])


def test_no_3d_sets_no_hit_apart_where_none_has_any() -> None:
    hits = pd.DataFrame({"geometry": ["none", "none"]})
    assert is_flat(hits)
    assert not is_flat(pd.DataFrame({"geometry": ["none", "embedded"]}))
    assert not is_flat(pd.DataFrame({"score": [1.0]}))
    texts = [[one.text for one in badges({"geometry": "none"}, flat=flat)] for flat in (0, 1)]
    assert texts == [["no 3D"], []]
