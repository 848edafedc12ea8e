"""The Benchmarks page."""

from __future__ import annotations

from app_pages import button, said, upload
from app_runs import QUERY

from molsearch_app import jobs


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
