"""``molsearch index ann`` and ``screen --recall``: what users see."""

from __future__ import annotations

import json
import shutil

import pytest


@pytest.fixture
def index(world, tmp_path):
    return shutil.copytree(world.index, tmp_path / "i")


def test_a_screen_says_its_recall_in_the_terminal_the_page_and_the_record(
    molsearch, screen, world, index, tmp_path
):
    made = molsearch("index", "ann", "-i", index, "--encoder", world.encoder, "--json")
    assert made.code == 0, made.err
    assert "searched exactly in less than a tenth of a second" in made.err
    assert "recall of molsearch-max+ecfp4-max (1 query): up to " in made.err
    account = json.loads(made.out)
    assert account["measured"][0]["k"] == 1
    out = tmp_path / "hits.csv"
    asked = ("-i", index, "-k", 1, "--recall", 0.5)
    hits = screen(*asked, "-o", out, "--html", tmp_path / "h.html", index=False)
    assert hits.code == 0, hits.err
    assert "approximate search: 100.00% of the 1 hit of an exact one" in hits.err
    record = json.loads((tmp_path / "hits.csv.run.json").read_text())
    assert record["approximation"]["recall"] == 1.0
    assert record["request"]["recall"] == 0.5
    assert record["approximation"]["sentence"] in record["warnings"]
    page = (tmp_path / "h.html").read_text()
    assert "approximate search: 100.00%" in page
    assert "recall" in page
    info = molsearch("info", index, "--json")
    assert json.loads(info.out)["approximate_search"]["current"] is True


def test_nothing_is_approximate_unless_it_is_asked_for(molsearch, screen, world, index, tmp_path):
    assert molsearch("index", "ann", "-i", index, "--encoder", world.encoder).code == 0
    for more in ((), ("--recall", 1)):
        out = tmp_path / f"{len(more)}.csv"
        assert screen("-i", index, "-o", out, *more, index=False).code == 0
        assert json.loads((tmp_path / f"{out.name}.run.json").read_text())["approximation"] is None


def test_an_index_as_the_queries_is_searched_exactly_and_says_why(
    molsearch, screen, world, index, tmp_path
):
    assert molsearch("index", "ann", "-i", index, "--encoder", world.encoder).code == 0
    out = tmp_path / "h.csv"
    result = screen("-i", index, "-o", out, "--recall", 0.9, query=world.index, index=False)
    assert result.code == 0, result.err
    why = "recall was not measured with the molecules of an index as queries"
    assert f"searched exactly, though a recall of 0.9 was asked: {why}" in result.err
    record = json.loads((tmp_path / "h.csv.run.json").read_text())
    assert record["approximation"]["why_exact"] == why
    assert record["request"]["recall"] == 0.9


def test_without_lists_one_line_names_the_command(screen, index):
    result = screen("-i", index, "-o", "-", "--recall", 0.9, index=False)
    assert result.code == 2
    assert result.err.splitlines()[-1].endswith(f"molsearch index ann -i {index}")


@pytest.mark.parametrize("recall", ["0", "1.5", "nan", "-1"])
def test_a_recall_that_is_none_is_refused(screen, index, recall):
    result = screen("-i", index, "-o", "-", "--recall", recall, index=False)
    assert result.code == 2
    assert "recall" in result.err.splitlines()[-1]


def test_another_encoder_measures_with_the_library_alone_and_says_so(molsearch, world, index):
    made = molsearch("index", "ann", "-i", index, "--encoder", world.other_encoder)
    assert made.code == 0
    assert "recall is measured with rows of the library alone" in made.err
