from __future__ import annotations

import json
import sys

import pandas as pd
import pytest
from app_runs import QUERY, bare_run, finished_run
from fakes import FakeEncoder, library, molecule, prepared_set

from app import jobs
from app.components import progress, shortlist
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


def test_libraries_when_there_is_none(page):
    assert "No library yet" in said(page("library"))


def test_libraries_show_counts_chemistry_and_failures(page, index):
    at = page("library")
    assert at.dataframe[0].value["Molecules"].tolist() == [54]
    assert at.dataframe[1].value["Records"].tolist() == [6]
    assert "54 of 60 records" in said(at)


def test_libraries_tell_of_repeated_ids(page, index, tmp_path):
    assert not page("library").info
    twins = [molecule(1, molecule_id="<b>x"), molecule(2, molecule_id="<b>x"), molecule(3)]
    build_index(prepared_set(tmp_path / "twins", twins), FakeEncoder(), index, overwrite=True)
    told = page("library").info[0].value
    assert told.startswith("1 id occurs more than once")
    assert "\\<b\\>x" in told


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


def upload(at, key, name, text):
    at.file_uploader(key=key).upload(name, text.encode(), "text/csv").run()
    assert not at.exception


def test_own_molecules_become_a_benchmark(page, runs, started):
    at = page("benchmark")
    at.segmented_control(key="bench-what").set_value("Test on my own molecules").run()
    upload(at, "bench-actives", "../my.actives.csv", f"smiles,molecule_id\n{QUERY},a\nCCO,b\n")
    assert button(at, "own-go").disabled
    upload(at, "bench-inactives", "<b>.smi", "CCN\nCCCC x\n")
    at.multiselect(key="bench-methods").set_value(["molsearch", "ecfp4"]).run()
    assert not button(at, "own-go").disabled
    button(at, "own-go").click().run()
    assert not at.exception
    (job,) = jobs.recent("benchmark")
    folder = job.file("benchmark")
    assert job.steps[0].argv[3:] == (
        "benchmark", str(folder), "--methods", "ecfp4,molsearch", "--full", "--training", "none",
        "-o", str(job.file("result.json")), "--json",
    )  # fmt: skip
    assert sorted(path.name for path in folder.iterdir()) == ["actives.csv", "inactives.smi"]
    assert (folder / "inactives.smi").read_text() == "CCN\nCCCC x\n"
    assert at.query_params["run"] == job.run_id
    assert "Waiting for a free slot" in said(at)


def test_own_molecules_that_cannot_be_read_start_nothing(page, runs, started):
    at = page("benchmark")
    at.segmented_control(key="bench-what").set_value("Test on my own molecules").run()
    upload(at, "bench-actives", "a.csv", "smiles\nCCO\n")
    upload(at, "bench-inactives", "b.csv", "smiles\nC1CC\n")
    button(at, "own-go").click().run()
    assert "none of the first 1 records" in at.error[0].value.replace("\\", "")
    assert not list(runs.glob("benchmark-*"))


def test_a_series_becomes_a_fine_tuning(page, runs, started):
    at = page("model")
    upload(at, "tune-file", "my series.csv", f"smiles,drug_class,pIC50\n{QUERY},a,8\nCCO,a,4\n")
    assert at.selectbox(key="tune-value").value.lower() == "pic50"
    assert at.selectbox(key="tune-target").value == "drug_class"
    button(at, "tune-go").click().run()
    assert not at.exception
    (job,) = jobs.recent("train")
    assert job.steps[0].argv[3:] == (
        "train", "--activities", str(job.file("uploads/my_series.csv")),
        "-o", str(job.file("encoder")), "--active-above", "6.0", "--set", "name=tuned-my_series",
        "--value-column=pIC50", "--target-column=drug_class",
    )  # fmt: skip


def test_structures_and_activities_alone_are_a_series(page, runs, started):
    at = page("model")
    upload(at, "tune-file", "s.csv", f"smiles,pIC50\n{QUERY},8\nCCO,4\n")
    assert at.selectbox(key="tune-value").value.lower() == "pic50"
    assert not at.error
    at.selectbox(key="tune-target").set_value(at.selectbox(key="tune-value").value).run()
    button(at, "tune-go").click().run()
    assert "choose two" in at.error[0].value
    assert jobs.recent() == []


def test_the_encoder_page_shows_card_and_limits(page):
    at = page("model")
    assert "No binding energy" in said(at) or at.error


def test_the_encoder_page_without_weights(page, monkeypatch, tmp_path):
    from app.components import encoders

    monkeypatch.setattr(encoders, "bundled_folder", lambda: tmp_path)
    assert "no encoder card" in page("model").error[0].value


def test_a_tuned_encoder_shows_its_figures_before_and_after(page, runs):
    run_id = bare_run(runs, kind="train")
    folder = runs / run_id / "encoder"
    folder.mkdir()
    (folder / "encoder.safetensors").write_bytes(b"")
    figures = {"auroc": 0.55, "bedroc_80p5": 0.03, "auroc_inactives": 0.45}
    told = {"ecfp4": figures, "before": figures, "after": {**figures, "auroc": 0.69}}
    (folder / "card.json").write_text(json.dumps({"name": "tuned-x", "fine_tuning": told}))
    at = page("model", run=run_id)
    assert "Tuned." in at.success[0].value
    assert at.selectbox(key="card").value.startswith("tuned-x")
    table = at.dataframe[0].value
    assert table[""].tolist() == ["ECFP4", "before", "after"]
    assert table["AUROC"].tolist() == ["0.550", "0.550", "0.690"]
    assert "AUROC against the inactives" in table.columns
    at.selectbox(key="card").set_value("bundled").run()
    assert "AUROC against the inactives" not in [
        column for table in at.dataframe for column in table.value.columns
    ]
