"""The Runs page, and addresses of runs under other pages."""

from __future__ import annotations

import pytest
from app_pages import button, said
from app_runs import bare_run, finished_run

from molsearch_app import access, jobs, keeping


def tick(at, *rows):
    """Tick rows of the table, as a hand does."""
    turn = at.session_state["runs-turn"] if "runs-turn" in at.session_state else 0  # noqa: SIM401
    at.session_state[f"runs-table-{turn}"] = {
        "selection": {"rows": list(rows), "columns": [], "cells": []}
    }
    at.run()
    assert not at.exception
    return at


def test_runs_when_there_is_none(page):
    assert "No run yet" in said(page("runs"))


def test_every_kind_of_run_is_listed(page, runs):
    finished_run(runs)
    for kind in ("library", "verify", "benchmark", "train"):
        bare_run(runs, kind=kind, status="failed", error="x")
    table = page("runs").dataframe[0].value
    assert sorted(table["Kind"]) == ["Benchmark", "Check", "Fine-tuning", "Library", "Screen"]
    assert sorted(table["State"].unique()) == ["done", "failed"]
    assert (table["MiB"] > 0).all()


def test_a_run_is_renamed_kept_and_deleted_with_all_that_lies_in_it(page, runs):
    run_id = finished_run(runs)
    (runs / run_id / "library.index").mkdir()
    at = tick(page("runs"), 0)
    at.text_input(key=f"run-name-{run_id}").set_value("EGFR <b>").run()
    button(at, "run-rename").click().run()
    assert jobs.attach(run_id).title == "EGFR <b>"
    tick(at, 0)
    button(at, "run-keep").click().run()
    assert keeping.is_kept(jobs.attach(run_id))
    tick(at, 0)
    assert "libraries that they indexed" in at.warning[0].value
    assert "EGFR \\<b\\>" in said(at)
    button(at, "run-delete").click().run()
    assert not at.exception
    assert list(runs.iterdir()) == []
    assert "No run yet" in said(at)


def test_on_a_shared_server_each_sees_their_own(page, runs, monkeypatch):
    mine, other, old = (finished_run(runs) for _ in range(3))
    (runs / mine / "owner").write_text("me")
    (runs / other / "owner").write_text("another")
    assert len(page("runs").dataframe[0].value) == 3
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "1")
    monkeypatch.setattr(access, "owner", lambda: "me")
    assert len(page("runs").dataframe[0].value) == 1
    monkeypatch.setattr(access, "owner", lambda: "")
    assert "No run yet" in said(page("runs"))
    assert len(page("results", run=other).dataframe[0].value) == 5  # who has the address
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "0")
    assert len(page("runs").dataframe[0].value) == 3
    assert old


@pytest.mark.parametrize("here", ["results", "library", "benchmark", "model", "screen"])
def test_the_address_of_a_run_leads_to_its_page_from_any_other(page, runs, here):
    screen = finished_run(runs)
    train = bare_run(runs, kind="train", status="failed", error="no actives in it")
    at = page(here, run=screen)
    assert len(at.dataframe[0].value) == 5
    assert not at.success
    at = page(here, run=train)
    assert "no actives in it" in at.error[0].value
    assert "damaged" not in said(at)
    assert at.title[0].value == "Encoder"


def test_a_mistyped_address_says_so_on_every_page(page, runs):
    for here in ("results", "library", "benchmark", "model", "screen"):
        at = page(here, run="train-xyz")
        assert "is no run id" in at.error[0].value
