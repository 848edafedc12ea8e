"""The Results page: a run in progress, its hits, the shortlist."""

from __future__ import annotations

import json
import sys

import pandas as pd
import pytest
from app_pages import button, said
from app_runs import bare_run, finished_run, hit_frame

from molsearch_app import jobs
from molsearch_app.components import charts, hits, progress, shortlist


def test_results_are_shown_while_the_map_is_drawn(page, runs, monkeypatch):
    run_id = finished_run(runs)
    (runs / run_id / "map.parquet").unlink()
    state = jobs.Status("running", label="map")
    monkeypatch.setattr(jobs, "status", lambda job: state)
    at = page("results", run=run_id)
    assert len(at.dataframe[0].value) == 5
    at.segmented_control(key="view").set_value("Map").run()
    assert "No map" in said(at)


def test_results_without_a_run_say_where_to_begin(page):
    assert "No run chosen" in said(page("results"))


@pytest.mark.parametrize("run_id", ["screen-0123456789abcdef", "../../etc/passwd", "<script>"])
def test_results_of_an_unknown_run_are_an_error_not_a_crash(page, run_id):
    at = page("results", run=run_id)
    assert len(at.error) == 1
    assert "run" in at.error[0].value


def test_results_show_hits_and_hostile_names_as_text(page, runs):
    at = page("results", run=finished_run(runs))
    assert len(at.dataframe[0].value) == 5
    shown = said(at)
    assert "<script>" not in shown
    assert "lies \\*far\\* from" in at.warning[0].value
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown  # the hit looked at first
    assert at.title[0].value == "gefitinib \\<b\\>&\\[x\\]\\(y\\)"


@pytest.mark.parametrize("view", ["Grid", "Scaffolds", "Novelty", "Map", "Scores"])
def test_results_have_several_views(page, runs, view):
    at = page("results", run=finished_run(runs))
    at.segmented_control(key="view").set_value(view).run()
    assert not at.exception
    assert "<script>" not in said(at)


def test_the_line_among_the_scores_is_the_hit_that_is_looked_at_picked_or_not(
    page, runs, monkeypatch
):
    drawn = []
    real = charts.distribution
    monkeypatch.setattr(
        charts, "distribution", lambda rows, score: drawn.append(score) or real(rows, score)
    )
    at = page("results", run=finished_run(runs))
    at.segmented_control(key="view").set_value("Scores").run()
    frame = hit_frame()
    assert drawn[-1] == frame.loc[~frame["is_query"].astype(bool), "score"].max()


@pytest.mark.parametrize("view", ["2D", "Properties"])
def test_a_hit_can_be_looked_at_in_several_ways(page, runs, view):
    at = page("results", run=finished_run(runs))
    at.segmented_control(key="detail-view").set_value(view).run()
    assert not at.exception
    assert "<img src='data:image/svg+xml" in said(at)


def test_results_filter_by_text_structure_and_novelty(page, runs):
    at = page("results", run=finished_run(runs))
    at.text_input(key="filter-text").set_value("cmd").run()
    assert at.dataframe[0].value["molecule_id"].tolist() == ["=cmd|' /C calc'!A0"]
    at.text_input(key="filter-text").set_value("").run()
    at.text_input(key="filter-smarts").set_value("ncn").run()
    assert len(at.dataframe[0].value) == 2
    at.toggle(key="filter-new").set_value(True).run()
    assert "No hit passes" in said(at)
    at.text_input(key="filter-smarts").set_value("((").run()
    assert "SMARTS" in at.error[0].value
    assert not at.exception


def test_the_shortlist_lives_in_the_run_and_survives_a_reload(page, runs):
    run_id = finished_run(runs)
    at = page("results", run=run_id)
    button(at, "keep-2").click().run()
    at.text_input(key="note-2").set_value("buy").run()
    assert json.loads((runs / run_id / "shortlist.json").read_text()) == {"2": "buy"}
    again = page("results", run=run_id)
    assert "Shortlist (1)" in [one.value for one in again.subheader]
    button(again, "drop-2").click().run()
    assert json.loads((runs / run_id / "shortlist.json").read_text()) == {}


def test_a_note_is_kept_when_the_next_press_comes_at_once(page, runs):
    run_id = finished_run(runs)
    at = page("results", run=run_id)
    at.segmented_control(key="view").set_value("Grid").run()
    button(at, "keep-2").click().run()
    at.text_input(key="note-2").set_value("buy")
    button(at, "look-4").click().run()  # one run for both: the note's field is gone from the page
    assert json.loads((runs / run_id / "shortlist.json").read_text()) == {"2": "buy"}
    button(at, "keep-4").click()
    button(at, "look-2").click().run()
    assert at.text_input(key="note-2").value == "buy"
    assert json.loads((runs / run_id / "shortlist.json").read_text()) == {"2": "buy", "4": ""}


def test_a_note_changed_elsewhere_is_shown_and_not_undone(page, runs):
    run_id = finished_run(runs)
    at = page("results", run=run_id)
    button(at, "keep-2").click().run()
    at.text_input(key="note-2").set_value("buy").run()
    shortlist.annotate(jobs.attach(run_id), {2: "do not buy", 4: "not on the list"})
    at.run()
    assert at.text_input(key="note-2").value == "do not buy"
    assert json.loads((runs / run_id / "shortlist.json").read_text()) == {"2": "do not buy"}


def test_a_failed_and_a_cancelled_run_explain_themselves(page, runs):
    failed = bare_run(runs, status="failed", error="no index at x")
    at = page("results", run=failed)
    assert at.error[0].value == "The run failed\\: no index at x"
    assert "Run cancelled" in said(page("results", run=bare_run(runs, status="cancelled")))


def test_the_map_offers_umap_where_it_was_made(page, runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    run_id = finished_run(runs)
    at = page("results", run=run_id)
    at.segmented_control(key="view").set_value("Map").run()
    assert not at.exception
    assert "pip install 'molsearch[umap]'" in said(at)
    assert not [one for one in at.segmented_control if one.key == "map-layout"]
    place = runs / run_id / "map.parquet"
    chart = pd.read_parquet(place)
    chart["umap_x"], chart["umap_y"] = chart["y"], chart["x"]
    chart.to_parquet(place, index=False)
    at.run()
    assert "pip install" not in said(at)
    assert at.segmented_control(key="map-layout").value == "PCA"
    at.segmented_control(key="map-layout").set_value("UMAP").run()
    assert not at.exception
    assert "UMAP, first axis" in at.get("vega_lite_chart")[0].proto.spec


def test_hits_are_shown_before_their_map():
    assert not progress.shows_more(jobs.Status("queued", label="screen"))
    assert not progress.shows_more(jobs.Status("running", label="screen"))
    assert progress.shows_more(jobs.Status("running", step=1, label="map"))
    assert progress.shows_more(jobs.Status("failed", label="screen"))


def test_a_failed_run_names_the_users_file_not_the_servers_folders(page, runs):
    run_id = bare_run(runs, status="failed")
    state = runs / run_id / "state.json"
    wrong = f"{runs / run_id}/uploads/a_[b](http://x).csv: no molecule rows"
    state.write_text(json.dumps({**json.loads(state.read_text()), "error": wrong}))
    told = page("results", run=run_id).error[0].value
    assert str(runs) not in told
    assert "a\\_\\[b\\]\\(http\\://x\\).csv" in told


def test_a_run_that_lost_its_hits_says_so(page, runs):
    run_id = finished_run(runs)
    (runs / run_id / "hits.parquet").write_bytes(b"PAR1 broken")
    assert "cannot be read" in page("results", run=run_id).error[0].value


def taken(at, kind="csv"):
    """The button of a kind of file to take away."""
    return next(one for one in at.get("download_button") if f"take-{kind}" in one.proto.id)


def rows_to_take(at):
    return next(one.value for one in at.caption if one.value.endswith((" hit", " hits")))


@pytest.mark.parametrize("n_kept", [0, 1])
def test_take_away_stays_on_what_is_shown(page, runs, n_kept):
    run_id = finished_run(runs)
    shortlist.add(jobs.attach(run_id), [4][:n_kept])
    at = page("results", run=run_id)
    assert at.radio(key="take-rows").value == "what is shown"
    at.text_input(key="filter-text").set_value("nowhere").run()
    assert at.radio(key="take-rows").value == "what is shown"
    assert rows_to_take(at) == "0 hits"
    assert all(taken(at, kind).proto.disabled for kind in ("csv", "parquet", "html"))
    at.text_input(key="filter-text").set_value("v2").run()
    assert at.radio(key="take-rows").value == "what is shown"
    assert rows_to_take(at) == "1 hit"
    assert not taken(at).proto.disabled


def test_the_rows_shown_bring_their_notes_beside_a_users_own(page, runs):
    frame = hit_frame().assign(note="user's")
    run_id = finished_run(runs, frame)
    job = jobs.attach(run_id)
    shortlist.add(job, [4, 2])
    shortlist.annotate(job, {4: "buy"})
    found = shortlist.annotated(hits.load(job).frame, shortlist.read(job))
    assert found["shortlisted"].tolist() == [False, True, False, True, False]
    assert found["note"].tolist() == ["", "", "", "buy", ""]
    assert found["note_input"].tolist() == ["user's"] * 5
    at = page("results", run=run_id)
    assert at.dataframe[0].value["note"].tolist() == ["user's"] * 5
    assert [one.value for one in at.subheader if "Shortlist" in one.value] == ["Shortlist (2)"]


def test_what_ranks_below_chance_is_not_new(page, runs):
    frame = hit_frame().assign(background_percentile=[100, 100, 99.5, 40, 3])
    at = page("results", run=finished_run(runs, frame))
    assert "<i>New by fingerprint</i>1<" in said(at)


def test_cells_without_a_value_are_empty(page, runs):
    frame = hit_frame().assign(price=["1", None, None, None, None])
    at = page("results", run=finished_run(runs, frame))
    assert at.dataframe[0].proto.placeholder == ""
    assert at.dataframe[0].proto.HasField("placeholder")


def test_a_list_that_is_the_whole_library_says_so(page, runs):
    assert "<i>Hits</i>5, the whole library<" in said(page("results", run=finished_run(runs)))
    run_id = finished_run(runs)
    account = runs / run_id / "hits.parquet.run.json"
    account.write_text(account.read_text().replace('"n_molecules": 5', '"n_molecules": 6'))
    assert "<i>Hits</i>5<" in said(page("results", run=run_id))


def test_the_folders_of_a_shared_server_are_not_told(page, runs, monkeypatch):
    run_id = finished_run(runs)
    job = runs / run_id / "job.json"
    content = json.loads(job.read_text())
    content["meta"]["reproduce"] = f"molsearch screen -q {runs / run_id}/queries.csv"
    job.write_text(json.dumps(content))
    assert f"-q {runs / run_id}/queries.csv" in said(page("results", run=run_id))
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "1")
    shown = said(page("results", run=run_id))
    assert f"-q {run_id}/queries.csv" in shown
    assert str(runs) not in shown


def test_the_reliability_curve_stands_beside_what_is_to_expect(page, runs):
    tiers = [{"ecfp4": [0, 0.2], "n_actives": 900, "error": 0.004, "curve": [[0.1, 0.2, 50]]}]
    run_id = finished_run(runs)
    place = runs / run_id / "hits.parquet.run.json"
    account = json.loads(place.read_text())
    account["trust"] = {"sentence": "to expect: much", "held": {"tiers": tiers}}
    place.write_text(json.dumps(account))
    shown = said(page("results", run=run_id))
    assert "To expect: much." in shown
    assert "class='ms-curve'" in shown
    assert "ECFP4 below 0.2: error 0.004 (900 actives)" in shown
    assert "class='ms-curve'" not in said(page("results", run=finished_run(runs)))
