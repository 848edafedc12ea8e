from __future__ import annotations

import json

import pytest
from app_runs import QUERY, bare_run, finished_run
from fakes import FakeEncoder, library

from app import jobs
from molsearch.index.writer import build_index


def said(at) -> str:
    kinds = ("html", "markdown", "caption", "error", "warning", "info", "success", "title", "code")
    return "\n".join(
        str(getattr(one, "value", None) or one.proto) for kind in kinds for one in at.get(kind)
    )


def button(at, key):
    return next(one for one in at.button if one.key == key)


@pytest.fixture
def started(monkeypatch):
    """Jobs are written but never run."""
    monkeypatch.setattr(jobs, "launch", lambda folder: None)


@pytest.fixture
def index(tmp_path):
    prepared = library(tmp_path / "prepared", 60, bad_every=10)
    place = tmp_path / "indexes" / "mine.index"
    build_index(prepared, FakeEncoder(), place)
    return place


def test_screen_offers_nothing_to_start_without_a_query(page):
    assert button(page(), "go").disabled


def test_screen_draws_good_queries_and_explains_bad_ones(page):
    at = page()
    at.text_area(key="query-text").set_value(f"{QUERY} gefitinib\nC1CC <script>x</script>").run()
    assert not at.exception
    shown = said(at)
    assert "&lt;script&gt;x&lt;/script&gt;" in shown
    assert "<script>x" not in shown
    assert "1 of 2 cannot be read" in shown
    assert not button(at, "go").disabled


def test_screen_starts_a_job_of_the_command_line(page, runs, started):
    at = page()
    at.text_area(key="query-text").set_value(f"{QUERY} =cmd|x").run()
    at.number_input(key="opt-k").set_value(50).run()
    at.text_input(key="opt-where").set_value("mw<600").run()
    button(at, "go").click().run()
    assert not at.exception
    (job,) = jobs.recent("screen")
    argv = job.steps[0].argv
    assert argv[3:5] == ("screen", "-q")
    assert argv[argv.index("-k") + 1] == "50"
    assert "--where=mw<600" in argv
    assert job.file("queries.csv").read_text() == f"smiles,molecule_id\n{QUERY},=cmd|x\n"
    assert "Waiting for a free slot" in said(at)


def test_screen_refuses_a_filter_before_a_job_is_made(page, runs, started):
    at = page()
    at.text_area(key="query-text").set_value(QUERY).run()
    at.text_input(key="opt-include").set_value("not smarts((").run()
    button(at, "go").click().run()
    assert "SMARTS" in at.error[0].value
    assert jobs.recent() == []


def test_screen_searches_an_index_under_an_allowed_root(page, runs, started, index):
    at = page("screen", index=str(index))
    at.text_area(key="query-text").set_value(QUERY).run()
    button(at, "go").click().run()
    (job,) = jobs.recent("screen")
    argv = job.steps[0].argv
    assert argv[argv.index("-i") + 1] == str(index)


def test_screen_on_a_shared_server_lists_no_run_of_others(page, runs, monkeypatch):
    finished_run(runs)
    assert "Recent runs" in [one.value for one in page().subheader]
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "1")
    assert "Recent runs" not in [one.value for one in page().subheader]


def test_an_address_that_names_a_run_alone_is_sent_to_its_page(page, runs):
    at = page("screen", run=finished_run(runs))
    assert len(at.dataframe[0].value) == 5


def test_results_are_shown_while_the_map_is_drawn(page, runs, monkeypatch):
    run_id = finished_run(runs)
    (runs / run_id / "map.parquet").unlink()
    state = jobs.Status("running", label="map")
    monkeypatch.setattr(jobs, "status", lambda job: state)
    at = page("results", run=run_id)
    assert len(at.dataframe[0].value) == 5
    at.segmented_control(key="view").set_value("Map").run()
    assert "No map" in said(at)


def test_a_shared_server_shows_no_library_of_others(page, runs, monkeypatch, tmp_path):
    prepared = library(tmp_path / "prepared", 12)
    build_index(prepared, FakeEncoder(), runs / "screen-0123456789abcdef" / "library.index")
    assert len(page("library").dataframe[0].value) == 1
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "1")
    assert "No library yet" in said(page("library"))


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
    button(at, "keep").click().run()
    at.text_input(key="note-2").set_value("buy").run()
    assert json.loads((runs / run_id / "shortlist.json").read_text()) == {"2": "buy"}
    again = page("results", run=run_id)
    assert "Shortlist (1)" in [one.value for one in again.subheader]
    button(again, "drop").click().run()
    assert json.loads((runs / run_id / "shortlist.json").read_text()) == {}


def test_a_failed_and_a_cancelled_run_explain_themselves(page, runs):
    failed = bare_run(runs, status="failed", error="no index at x")
    at = page("results", run=failed)
    assert at.error[0].value == "The run failed: no index at x"
    assert "Run cancelled" in said(page("results", run=bare_run(runs, status="cancelled")))


def test_a_run_that_lost_its_hits_says_so(page, runs):
    run_id = finished_run(runs)
    (runs / run_id / "hits.parquet").write_bytes(b"PAR1 broken")
    assert "cannot be read" in page("results", run=run_id).error[0].value


def test_libraries_when_there_is_none(page):
    assert "No library yet" in said(page("library"))


def test_libraries_show_counts_chemistry_and_failures(page, index):
    at = page("library")
    assert at.dataframe[0].value["Molecules"].tolist() == [54]
    assert at.dataframe[1].value["Records"].tolist() == [6]
    assert "54 of 60 records" in said(at)


def test_a_damaged_index_is_named_and_the_page_goes_on(page, index):
    (index / "manifest.json").write_text("{")
    at = page("library")
    assert "damaged" in at.error[0].value


def test_verify_is_a_job(page, index, started):
    at = page("library")
    button(at, "verify").click().run()
    (job,) = jobs.recent("verify")
    assert job.steps[0].argv[3:] == ("verify", str(index.resolve()), "--json")


def test_benchmarks_show_the_committed_results(page):
    at = page("benchmark")
    assert not at.exception
    assert "Target by target" in [one.value for one in at.subheader] or "No results" in said(at)


def test_a_drug_class_becomes_a_benchmark(page, runs, started):
    at = page("benchmark")
    at.segmented_control(key="bench-what").set_value("Test a drug class").run()
    at.selectbox(key="bench-class").set_value("ACE inhibitor").run()
    button(at, "class-go").click().run()
    (job,) = jobs.recent("benchmark")
    actives = job.file("benchmark/actives.csv").read_text().splitlines()
    assert len(actives) == 13
    assert job.steps[0].argv[3:5] == ("benchmark", str(job.file("benchmark")))


def test_own_molecules_need_both_files(page):
    at = page("benchmark")
    at.segmented_control(key="bench-what").set_value("Test on my own molecules").run()
    assert button(at, "own-go").disabled


def test_the_encoder_page_shows_card_and_limits(page):
    at = page("model")
    assert "No binding energy" in said(at) or at.error


def test_the_encoder_page_without_weights(page, monkeypatch, tmp_path):
    from app.components import encoders

    monkeypatch.setattr(encoders, "bundled_folder", lambda: tmp_path)
    assert "no encoder card" in page("model").error[0].value
