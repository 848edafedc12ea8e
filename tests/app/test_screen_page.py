"""The Screen page."""

from __future__ import annotations

from app_pages import button, said
from app_runs import QUERY, finished_run
from fakes import FakeEncoder, library
from listed import make_lists

from molsearch.config import Molecule
from molsearch.index.writer import build_index
from molsearch.service.requests import ScreenRequest
from molsearch_app import jobs


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


def test_screen_starts_a_job_of_a_request(page, runs, started):
    at = page()
    at.text_area(key="query-text").set_value(f"{QUERY} =cmd|x").run()
    at.number_input(key="opt-k").set_value(50).run()
    at.text_input(key="opt-where").set_value("mw<600").run()
    button(at, "go").click().run()
    assert not at.exception
    (job,) = jobs.recent("screen")
    request = ScreenRequest.model_validate(job.steps[0].request)
    assert request.queries == (Molecule(smiles=QUERY, id="=cmd|x"),)
    assert (request.k, request.where) == (50, ("mw<600",))
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
    assert job.steps[0].request["index"] == str(index)


def test_approximate_search_is_offered_for_an_index_that_was_made_ready(page, runs, started, index):
    at = page("screen", index=str(index))
    assert "opt-recall" not in {one.key for one in at.selectbox}
    make_lists(index)
    at = page("screen", index=str(index))
    at.text_area(key="query-text").set_value(QUERY).run()
    assert at.selectbox(key="opt-recall").value is None  # exact, unless it is asked for
    at.selectbox(key="opt-recall").set_value(0.95).run()
    button(at, "go").click().run()
    (job,) = jobs.recent("screen")
    assert ScreenRequest.model_validate(job.steps[0].request).recall == 0.95


def test_screen_on_a_shared_server_lists_no_run_of_others(page, runs, monkeypatch):
    finished_run(runs)
    assert "Recent runs" in [one.value for one in page().subheader]
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "1")
    assert "Recent runs" not in [one.value for one in page().subheader]


def test_an_address_that_names_a_run_alone_is_sent_to_its_page(page, runs):
    at = page("screen", run=finished_run(runs))
    assert len(at.dataframe[0].value) == 5


def test_a_shared_server_shows_no_library_of_others(page, runs, monkeypatch, tmp_path):
    prepared = library(tmp_path / "prepared", 12)
    build_index(prepared, FakeEncoder(), runs / "screen-0123456789abcdef" / "library.index")
    assert len(page("library").dataframe[0].value) == 1
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "1")
    assert "No library yet" in said(page("library"))
