"""The Benchmarks page."""

from __future__ import annotations

import pytest
from app_pages import button, said, upload
from app_runs import QUERY, bare_run

from molsearch.bench import results
from molsearch.bench.report import summary
from molsearch.service.requests import BenchmarkRequest
from molsearch_app import jobs
from molsearch_app.components import benchmarks, charts


def test_a_reader_sees_first_what_nothing_was_chosen_by():
    names = [*benchmarks.files(())]
    assert names[0] == "dude-1to50 (committed)"
    assert names[-1] == "dev-lite (committed)"
    assert "litpcba (committed)" in names


def test_benchmarks_show_the_committed_results(page):
    at = page("benchmark")
    assert not at.exception
    assert "Target by target" in [one.value for one in at.subheader] or "No results" in said(at)


def test_the_best_method_comes_first_and_no_two_lines_look_alike(page):
    at = page("benchmark")
    record = benchmarks.committed()["dude-1to50"]
    order = [line.name for line in summary.lines(record)]
    assert at.selectbox(key="bench-method").value == order[0]
    curves = benchmarks.curves(record, "roc")
    assert list(curves["method"].unique()) == [name for name in order if name in set(curves.method)]
    drawn = charts.curves(curves, "x", "y").to_dict()["encoding"]
    looks = zip(
        drawn["color"]["scale"]["range"],
        map(tuple, drawn["strokeDash"]["scale"]["range"]),
        strict=True,
    )
    assert len({*looks}) == len(order) > 8


def test_a_drug_class_becomes_a_benchmark(page, runs, started):
    at = page("benchmark")
    at.segmented_control(key="bench-what").set_value("Test a drug class").run()
    at.selectbox(key="bench-class").set_value("ACE inhibitor").run()
    button(at, "class-go").click().run()
    (job,) = jobs.recent("benchmark")
    actives = job.file("benchmark/actives.csv").read_text().splitlines()
    assert len(actives) == 13
    assert job.steps[0].request["benchmark"] == str(job.file("benchmark"))


def test_own_molecules_need_both_files(page):
    at = page("benchmark")
    at.segmented_control(key="bench-what").set_value("Test on my own molecules").run()
    assert button(at, "own-go").disabled


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
    request = BenchmarkRequest.model_validate(job.steps[0].request)
    assert request.methods == ("ecfp4", "molsearch")
    assert (request.benchmark, request.full, request.trainings) == (
        str(job.file("benchmark")), True, (),
    )  # fmt: skip
    assert request.output == str(job.file("result.json"))
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
    assert "none of the first 1 record" in at.error[0].value.replace("\\", "")
    assert not list(runs.glob("benchmark-*"))


@pytest.fixture
def muv(tmp_path, monkeypatch):
    """A folder of data with a MUV of three assays."""
    folder = tmp_path / "data" / "muv"
    folder.mkdir(parents=True)
    for aid in ("466", "548", "600"):
        (folder / f"{aid}_actives.smi").write_text(f"{QUERY} a\nCCN b\nCCO c\n")
        (folder / f"{aid}_decoys.smi").write_text("CCC\nCCCC\nCCCCC\n")
    monkeypatch.setenv("MOLSEARCH_DATA", str(folder.parent))
    return folder


def opened(page, name):
    at = page("benchmark")
    at.segmented_control(key="bench-what").set_value("Run a public benchmark").run()
    at.segmented_control(key="bench-public").set_value(name).run()
    assert not at.exception
    return at


def test_a_public_benchmark_runs_on_chosen_targets(page, runs, started, muv):
    at = opened(page, "muv")
    assert "9 actives and 9 others" in said(at)
    at.multiselect(key="bench-targets-muv").set_value(["466", "600"]).run()
    assert "6 actives and 6 others" in said(at)
    at.toggle(key="bench-audit").set_value(False).run()
    at.multiselect(key="bench-methods").set_value(["balanced", "ecfp4"]).run()
    button(at, "public-go").click().run()
    assert not at.exception
    (job,) = jobs.recent("benchmark")
    request = BenchmarkRequest.model_validate(job.steps[0].request)
    assert (request.benchmark, request.targets, request.trainings) == ("muv", ("466", "600"), ())
    assert request.methods == ("balanced", "ecfp4")
    assert (request.limit_actives, request.limit_decoys) == (40, 2000)
    assert job.title == "MUV, 2 targets"
    assert at.query_params["run"] == job.run_id


def test_a_public_benchmark_without_targets_starts_nothing(page, runs, started, muv):
    at = opened(page, "muv")
    at.multiselect(key="bench-targets-muv").set_value([]).run()
    button(at, "public-go").click().run()
    assert "at least one target" in at.error[0].value


def test_what_is_not_at_hand_is_said_in_a_line(page, muv):
    at = opened(page, "dekois")
    assert "DEKOIS 2.0 is not here" in at.info[0].value
    assert "public-go" not in [one.key for one in at.button]


def test_a_stopped_benchmark_goes_on_where_it_stopped(page, runs, started):
    run_id = bare_run(runs, kind="benchmark", status="cancelled")
    (runs / run_id / "cancel").write_text("")
    at = page("benchmark", run=run_id)
    button(at, "again").click().run()
    assert not at.exception
    job = jobs.attach(run_id)
    assert jobs.status(job).status == "queued"
    assert not job.file("cancel").exists()
    assert "Waiting for a free slot" in said(at)


def test_committed_results_stand_beside_those_of_the_same_targets():
    committed = benchmarks.committed()
    record = committed["muv"]
    mine = {**record, "targets": record["targets"][:2]}
    mine["results"] = [row for row in record["results"] if row["target"] in mine["targets"]]
    found = benchmarks.beside(mine, committed)
    assert set(found["Committed"]) == {"muv"}
    assert set(found["Targets"]) == {2}
    table = results.table(mine, "auroc")["ecfp4"].mean()
    assert f"{table:.3f}" in found[found["Method"] == "ecfp4"]["AUROC"].iloc[0]
    assert benchmarks.beside({**mine, "benchmark": "other"}, committed).empty
