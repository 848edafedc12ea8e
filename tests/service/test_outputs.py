"""A run writes over nothing that it reads, whatever leave to overwrite it has."""

from __future__ import annotations

import os

import pytest

from molsearch.errors import UsageError
from molsearch.service.outputs import refuse_clashes, run_file
from molsearch.service.requests import (
    ClusterRequest,
    ConvertRequest,
    ExplainRequest,
    PickRequest,
    ScreenRequest,
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv", "a.csv.run.json"):
        (tmp_path / name).write_text("smiles\nCCO\n")
    os.link("a.csv", "linked.csv")
    return tmp_path


def screen(**given):
    return ScreenRequest(**{"queries": ("CCO",), "index": "i", "overwrite": True, **given})


@pytest.mark.parametrize(
    "request_",
    [
        screen(queries=("a.csv",), output="a.csv"),
        screen(queries=("b.csv", "a.csv"), output="./a.csv"),
        screen(queries=("a.csv",), output="linked.csv"),
        screen(index=None, library=("a.csv",), output="a.csv"),
        screen(exclude_ids=("a.csv",), output="h.csv", html="a.csv"),
        screen(inactives=("a.csv",), output="h.csv", failures="a.csv"),
        PickRequest(hits="a.csv", output="p.csv", also=("a.csv",)),
        PickRequest(hits="b.csv", must_not=("a.csv",), output="a.csv"),
        ClusterRequest(source="a.csv", output="a.csv"),
        ExplainRequest(hits="a.csv", output="a.csv"),
        ExplainRequest(hits="a.csv.run.json", output="a.csv"),
        ConvertRequest(sources=("a.csv",), output="a.csv"),
    ],
)
def test_what_is_read_is_not_written_over(request_):
    with pytest.raises(UsageError, match=r"is read by this run, .*choose another output"):
        refuse_clashes(request_)


@pytest.mark.parametrize(
    "request_",
    [
        screen(output="h.csv", html="h.csv"),
        screen(output="h.csv", failures="./h.csv"),
        screen(output="h.csv", html=str(run_file("h.csv"))),
    ],
)
def test_two_outputs_of_one_name_are_refused(request_):
    with pytest.raises(UsageError, match="two outputs are called"):
        refuse_clashes(request_)


def test_earlier_results_and_standard_output_may_be_written(here):
    refuse_clashes(screen(queries=("a.csv",), output="b.csv", html="b.html"))
    refuse_clashes(screen(queries=("-",), output="-"))
    refuse_clashes(screen(queries=("C" * 5000, "a\0b"), output="a.csv"))
