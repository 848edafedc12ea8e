"""What ranks: chosen on the Screen page, shown as small bars, and for each of several queries."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from app_pages import button, said
from app_runs import QUERY, finished_run, hit_frame

from molsearch.errors import UsageError
from molsearch.service.requests import ScreenRequest
from molsearch.view.hit import records
from molsearch_app import jobs
from molsearch_app.components import detail, hits, launch, parts, table

BALANCED = [
    {"name": "molsearch", "weight": 1.0, "fusion": "top2"},
    {"name": "ecfp4", "weight": 2.0, "fusion": "max"},
]
EGFR = "C#Cc1cccc(Nc2ncnc3cc(OCCOC)c(OCCOC)cc23)c1"


@pytest.fixture
def blended(runs):
    """A screen with two queries, ranked by encoder and fingerprint; returns its run id."""
    frame = hit_frame()
    frame["molsearch_score"], frame["ecfp4_score"] = frame["score"], frame["ecfp4_similarity"]
    frame["score"] = frame["molsearch_score"] + 2 * frame["ecfp4_score"]
    run_id = finished_run(runs, frame)
    place = runs / run_id / "hits.parquet.run.json"
    account = json.loads(place.read_text())
    account["queries"].append({"id": "<i>erlotinib", "parent_smiles": EGFR})
    account["ranking"] = {"components": BALANCED, "words": "cosine + 2 × ECFP4"}
    place.write_text(json.dumps(account))
    each = pd.DataFrame({"record_number": frame["record_number"], "query 1": frame["score"]})
    each["query 2"] = 3.0 - each["query 1"]
    each.to_parquet(runs / run_id / "each.parquet", index=False)
    return run_id


def test_each_component_is_a_bar_of_its_share(blended):
    result = hits.load(jobs.attach(blended))
    made = parts.parts(result)
    assert [(one.column, one.weight) for one in made] == [
        ("molsearch_score", 1.0), ("ecfp4_score", 2.0),
    ]  # fmt: skip
    drawn = parts.bar(records(result.frame)[1], made)
    assert "width:30.0%" in drawn  # 0.90 of at most 1 in 3
    assert "width:29.3%" in drawn  # 2 × 0.44 of at most 2 in 3
    assert "encoder 0.90 + ECFP4 2 × 0.44" in drawn
    assert drawn in detail.card(records(result.frame)[1], None, made)
    broken = {"molsearch_score": float("nan"), "ecfp4_score": -0.2}
    assert parts.bar(broken, made).count("width:0.0%") == 2


@pytest.fixture
def rare(runs, blended):
    """The same, by rarity too."""
    folder = runs / blended
    frame = pd.read_parquet(folder / "hits.parquet")
    frame["rarity_score"] = [0.8, 0.9, 1.01, 0.7, 0.6]
    frame["score"] += frame["rarity_score"]
    frame.to_parquet(folder / "hits.parquet", index=False)
    place = folder / "hits.parquet.run.json"
    account = json.loads(place.read_text())
    third = {"name": "rarity", "weight": 1.0, "fusion": None}
    account["ranking"] = {"components": [*BALANCED, third], "words": "all + rarity"}
    place.write_text(json.dumps(account))
    return blended


def test_rarity_is_a_third_bar_and_no_column_of_the_users(page, rare):
    result = hits.load(jobs.attach(rare))
    made = parts.parts(result)
    assert [one.column for one in made] == ["molsearch_score", "ecfp4_score", "rarity_score"]
    drawn = parts.bar(records(result.frame)[1], made)
    assert drawn.count("<i style='width:") == 3
    assert "rarity 0.90" in drawn
    assert "width:22.5%" in drawn  # 0.90 of at most 1 in 4
    # What is rarer than 1 does not reach beyond the bar.
    assert "width:25.0%" in parts.bar(records(result.frame)[2], made)
    assert "rarity" in parts.legend(made)
    assert "rarity_score" not in result.user_columns
    shown = table.shown(result.frame, result, dark=False)
    assert shown.columns.tolist().count("rarity_score") == 1
    assert "rarity_score" in table.config(result)
    at = page("results", run=rare)
    columns = at.dataframe[0].value.columns.tolist()
    assert columns.index("rarity_score") == columns.index("score") + 3
    assert "Score by rarity" in said(at)


def test_a_users_own_column_of_that_name_stays_theirs(runs):
    frame = hit_frame()
    frame["rarity_score"] = "mine"
    result = hits.load(jobs.attach(finished_run(runs, frame)))
    assert "rarity_score" in result.user_columns


def test_one_component_needs_no_bar(runs):
    result = hits.load(jobs.attach(finished_run(runs)))  # a run made before scores were sums
    assert parts.parts(result) == []
    assert parts.bar({}, []) == parts.legend([]) == ""
    shown = table.shown(result.frame, result, dark=False)
    assert not {"molsearch_score", "ecfp4_score"} & set(shown)


def test_components_are_columns_of_the_table_and_a_bar_of_the_hit_looked_at(page, blended):
    at = page("results", run=blended)
    shown = at.dataframe[0].value.columns.tolist()
    assert shown.index("molsearch_score") == shown.index("score") + 1
    assert shown.index("ecfp4_score") == shown.index("score") + 2
    assert "ms-parts" in said(at)
    at.segmented_control(key="view").set_value("Grid").run()
    assert said(at).count("role='img' aria-label='encoder") == 6  # five cards, and the hit beside


def test_hits_are_sorted_by_a_component(page, blended, runs):
    at = page("results", run=blended)
    at.selectbox(key="filter-sort").set_value("ECFP4's part").run()
    assert at.dataframe[0].value["rank"].tolist() == [1, 2, 4, 3, 5]
    other = page("results", run=finished_run(runs))
    assert "ECFP4's part" not in other.selectbox(key="filter-sort").options


def test_the_score_for_each_query_is_shown_best_first(page, blended):
    at = page("results", run=blended)
    drawn = next(one.proto.body for one in at.get("html") if "class='ms-each'" in one.proto.body)
    # The second hit, which is looked at first.
    assert drawn.index("gefitinib") < drawn.index(">1.780<") < drawn.index("erlotinib")
    assert drawn.index("erlotinib") < drawn.index(">1.220<")
    assert "<i>erlotinib" not in drawn
    at.segmented_control(key="view").set_value("Grid").run()
    button(at, "look-5").click().run()
    drawn = next(one.proto.body for one in at.get("html") if "class='ms-each'" in one.proto.body)
    assert drawn.index("erlotinib") < drawn.index("gefitinib")


def test_what_ranks_is_chosen_told_and_passed_on(page, runs, started):
    at = page()
    at.text_area(key="query-text").set_value(f"{QUERY} a\n{EGFR} b\nCCO c").run()
    assert "Score: cosine of the embeddings" in said(at)
    assert "ECFP4 similarity" in said(at)
    assert "rarity among reference compounds" in said(at)
    at.selectbox(key="opt-rank").set_value("molsearch").run()
    assert "ECFP4 similarity" not in said(at)
    at.selectbox(key="opt-rank").set_value("own").run()
    at.text_input(key="opt-rank-own").set_value("4*molsearch+nonsense").run()
    assert "nonsense" in at.error[0].value
    assert "\\-\\-rank" not in at.error[0].value
    button(at, "go").click().run()
    assert jobs.recent() == []
    at.text_input(key="opt-rank-own").set_value("3*molsearch+ecfp4").run()
    at.selectbox(key="opt-fusion").set_value("mean").run()
    button(at, "go").click().run()
    (job,) = jobs.recent("screen")
    assert job.steps[0].request["rank"] == "3*molsearch+ecfp4"
    assert job.steps[0].request["fusion"] == "mean"


def test_a_ranking_that_cannot_be_is_refused_before_a_run():
    launch.check(ScreenRequest(queries=("C",), rank="balanced"))
    for bad in ("0*molsearch", "molsearch+molsearch", "nan*ecfp4", "best", ""):
        with pytest.raises(UsageError):
            launch.check(ScreenRequest(queries=("C",), rank=bad))
