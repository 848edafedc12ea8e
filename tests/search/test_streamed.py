"""A list that is written as it is made says the same as one that is held."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import typer
from command_line import make_encoder, make_library

import molsearch as ms
from molsearch.cli.screen_options import ALL, wanted
from molsearch.search import streamed
from molsearch.service.requests import ScreenRequest
from molsearch.service.screen import screen
from molsearch.service.session import Session

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streamed")
    make_library(folder / "library.csv")
    make_encoder(folder / "encoder", n_reference=40)
    library = ms.Library.open(folder / "library.csv", id_column="name")
    prepared = library.prepare(folder / "prepared", workers=1, n_conformers=0)
    encoder = ms.load_encoder(folder / "encoder", device="cpu")
    ms.Index.build(prepared, encoder, folder / "library.index")
    return folder


def run(world, output, held, **options):
    request = ScreenRequest(
        queries=(ASPIRIN, "CCO"),
        index=str(world / "library.index"),
        encoder=str(world / "encoder"),
        output=str(output),
        device="cpu",
        **{"k": ALL, **options},
    )
    return screen(request, Session(), held=held)


AGAINST = {"inactives": ("OC(=O)c1ccccc1O",)}


@pytest.mark.parametrize(
    "options",
    [
        *({}, {"where": ("mw<200",)}, {"facts": ("qed",), "k": 7}),
        *(AGAINST | more for more in ({"inactives_weight": 0.5}, {"rank": "molsearch+2*series"})),
    ],
)
@pytest.mark.parametrize("at_once", [3, 1000])
def test_it_holds_what_the_table_holds(world, tmp_path, monkeypatch, options, at_once):
    monkeypatch.setattr(streamed, "LONG", 5)
    monkeypatch.setattr(streamed, "_ROWS_AT_ONCE", at_once)
    due = run(world, tmp_path / "held.parquet", True, **options).hits
    assert not due.is_streamed
    done = run(world, tmp_path / "s.parquet", False, **options)
    assert done.hits.is_streamed
    found = pd.read_parquet(tmp_path / "s.parquet")
    assert len(found) == done.hits.n_hits == done.account["n_hits"] == len(due.frame) > 1
    assert found.columns[:3].tolist() == ["rank", "molecule_id", "smiles"]
    shared = [name for name in due.frame.columns if name in found.columns]
    assert {"score", "molsearch_score", "ecfp4_similarity", "nearest_query"} <= set(shared)
    assert ("qed" in found.columns) == ("facts" in options)
    assert ("rarity_score" in shared) == ("rank" not in options)
    assert ("similarity_score" in shared) == ("inactives" in options)
    assert found["score"].is_monotonic_decreasing
    for name in shared:
        ours, theirs = found[name], due.frame[name]
        if ours.dtype.kind == "f":
            np.testing.assert_array_equal(ours, theirs.astype(float))
        else:
            assert ours.fillna("").tolist() == theirs.fillna("").tolist()
    own = set(due.frame.columns) - set(shared)
    assert {"alerts", "mw", "inchikey"} - {"mw"} <= own  # would be computed for each molecule
    assert any("the list is long" in line for line in done.hits.warnings)
    record = json.loads((tmp_path / "s.parquet.run.json").read_text())
    assert record["n_hits"] == len(found)


def test_short_lists_pages_and_other_formats_are_held(world, tmp_path, monkeypatch):
    monkeypatch.setattr(streamed, "LONG", 5)
    for name, options in (
        ("a.csv", {}),
        ("b.parquet", {"k": 4}),
        ("c.parquet", {"html": str(tmp_path / "c.html")}),
    ):
        assert not run(world, tmp_path / name, False, **options).hits.is_streamed


@pytest.mark.parametrize(("text", "due"), [("all", ALL), (" ALL", ALL), ("12", 12), (7, 7)])
def test_hits_wanted(text, due):
    assert wanted(text) == due


@pytest.mark.parametrize("text", ["0", "-3", "some", "1.5"])
def test_no_number_of_hits_is_refused(text):
    with pytest.raises(typer.BadParameter, match="at least 1, or all"):
        wanted(text)
