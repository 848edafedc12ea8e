"""``molsearch explain``: of a hit list with its run, of structures; and what is refused."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest
from command_line import ASPIRIN
from rdkit import Chem

QUERIES = ("-q", ASPIRIN, "-q", "CC(=O)Nc1ccc(O)cc1 paracetamol")


@pytest.fixture
def hits(molsearch, world, tmp_path, monkeypatch):
    """A hit list of two queries, by the encoder that ships."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = molsearch(
        "screen", *QUERIES, "-l", world.library, "--id-column", "name", "-o", tmp_path / "hits.csv"
    )
    assert done.code == 0
    return tmp_path / "hits.csv"


def test_a_hit_list_with_its_run_is_explained(molsearch, hits, tmp_path):
    done = molsearch(
        "explain", hits, "-o", tmp_path / "r.csv", "--html", tmp_path / "r.html",
        "--svg", tmp_path / "drawn",
    )  # fmt: skip
    assert done.code == 0
    listed, told = pd.read_csv(hits), pd.read_csv(tmp_path / "r.csv")
    assert told.molecule_id.tolist() == listed.molecule_id.tolist()
    assert told["rank"].tolist() == listed["rank"].tolist()
    assert told.nearest_query.tolist() == listed.nearest_query.tolist()
    assert told.price.tolist() == listed.price.tolist()
    both = told[["score_for:aspirin", "score_for:paracetamol"]]
    similarity = told.query_score - told["score_part:rarity"]
    np.testing.assert_allclose(similarity, both.max(axis=1), atol=1e-5)
    np.testing.assert_allclose(told["score_part:rarity"], 1.25 * listed.rarity_score, atol=1e-3)
    np.testing.assert_allclose(told.ecfp4_similarity, listed.ecfp4_similarity, atol=1e-5)
    for row in told.itertuples():
        assert (
            len(row.atom_contributions.split())
            == Chem.MolFromSmiles(row.parent_smiles).GetNumAtoms()
        )
    record = json.loads((tmp_path / "r.csv.run.json").read_text())
    assert (record["n_in"], record["n_ok"], record["n_failed"]) == (11, 11, 0)
    assert record["weights"] == {
        "embedding": 1.0, "ecfp4": 0.5, "inactives": 0.0, "others": [], "series": 0.0,
        "rarity": 1.25, "fusions": [["molsearch", "top2"], ["ecfp4", "max"]],
    }  # fmt: skip
    np.testing.assert_allclose(told.explained_score, listed.score, atol=5e-3)
    run = json.loads((tmp_path / "hits.csv.run.json").read_text())
    assert record["leave_one_out"] == run["leave_one_out"]
    assert run["leave_one_out"]["sentence"] in done.err
    # The folder holds two records now, of which one is a screen's.
    again = molsearch("explain", tmp_path, "-k", 2, "--quiet")
    assert again.out.splitlines()[1].startswith("aspirin,")
    page = (tmp_path / "r.html").read_text()
    assert page.count("<article>") == 11
    assert "<script" not in page
    assert "=cmd|calc" in page
    names = sorted(path.name for path in (tmp_path / "drawn").iterdir())
    assert names[:2] == ["0001-aspirin-hit.svg", "0001-aspirin-query.svg"]
    assert len(names) == 22
    (tmp_path / "drawn" / "mine.svg").write_text("<svg/>")
    assert "is not empty" in molsearch("explain", hits, "--svg", tmp_path / "drawn").line
    fewer = molsearch("explain", hits, "-k", 1, "--svg", tmp_path / "drawn", "--overwrite")
    assert fewer.code == 0
    names = sorted(path.name for path in (tmp_path / "drawn").iterdir())
    assert names == ["0001-aspirin-hit.svg", "0001-aspirin-query.svg", "mine.svg"]


def test_with_one_query_the_score_is_that_of_the_list(molsearch, world, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = ("-l", world.library, "--inactives", "OC(=O)c1ccccc1O", "--inactives-weight", "0.5")
    assert molsearch("screen", "-q", ASPIRIN, *made, "-o", tmp_path / "h.parquet").code == 0
    done = molsearch("explain", tmp_path / "h.parquet.run.json", "-o", tmp_path / "r.parquet")
    assert done.code == 0
    listed, told = pd.read_parquet(tmp_path / "h.parquet"), pd.read_parquet(tmp_path / "r.parquet")
    # Cosines of a library are kept in half precision.
    np.testing.assert_allclose(told.query_score, listed.score, atol=3e-3)
    np.testing.assert_allclose(told.explained_score, listed.score, atol=3e-3)
    np.testing.assert_allclose(told.cosine, listed.molsearch_score, atol=3e-3)
    again = molsearch("run", tmp_path / "r.parquet.run.json", "-o", tmp_path / "again.parquet")
    assert again.code == 0
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "again.parquet"), told)


def test_a_table_of_what_was_measured_is_explained_with_its_series_model(
    molsearch, world, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    actives = ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1", "OC(=O)c1ccccc1O", "CC(=O)Nc1ccc(O)cc1",
               "COC(=O)c1ccccc1O"]  # fmt: skip
    rows = [f"{one},active" for one in actives] + ["CCO,inactive", "CCCCN,inactive"]
    (tmp_path / "t.csv").write_text("smiles,activity\n" + "\n".join(rows) + "\n")
    made = ("-q", tmp_path / "t.csv", "-l", world.library, "-o", tmp_path / "h.csv")
    assert molsearch("screen", *made).code == 0
    done = molsearch("explain", tmp_path / "h.csv", "-o", tmp_path / "r.csv")
    assert done.code == 0
    assert "are not those explained here" not in done.err
    listed, told = pd.read_csv(tmp_path / "h.csv"), pd.read_csv(tmp_path / "r.csv")
    parts = [name for name in told if name.startswith("score_part:")]
    names = ("molsearch", "ecfp4", "rarity", "series")
    assert parts == [f"score_part:{name}" for name in names]
    np.testing.assert_allclose(told[parts].sum(axis=1), told.explained_score, atol=1e-5)
    np.testing.assert_allclose(told.explained_score, listed.score, atol=5e-3)
    np.testing.assert_allclose(told["score_part:series"], 0.5 * listed.series_score, atol=5e-3)
    by_hand = ("-q", tmp_path / "t.csv", "-o", tmp_path / "s.csv")
    assert molsearch("explain", tmp_path / "h.csv", *by_hand).code == 0
    again = pd.read_csv(tmp_path / "s.csv")
    np.testing.assert_allclose(again.explained_score, told.explained_score, atol=1e-5)
    # A list whose scores something else has made is not passed off as explained.
    listed.assign(score=listed.score + 1).to_csv(tmp_path / "h.csv", index=False)
    done = molsearch("explain", tmp_path / "h.csv", "-o", tmp_path / "u.csv")
    assert f"scores of {len(listed)} hits in the list are not those explained here" in done.err


def test_picks_are_explained_by_the_screen_they_come_from(molsearch, hits, tmp_path):
    picked = molsearch("pick", hits, "-n", 3, "-o", tmp_path / "picks.csv")
    assert picked.code == 0
    done = molsearch("explain", tmp_path / "picks.csv", "-o", tmp_path / "r.csv")
    assert done.code == 0
    told = pd.read_csv(tmp_path / "r.csv")
    assert told.molecule_id.tolist() == pd.read_csv(tmp_path / "picks.csv").molecule_id.tolist()
    assert set(told.nearest_query) <= {"aspirin", "paracetamol"}
    hits.with_name("hits.csv.run.json").unlink()
    again = molsearch("explain", tmp_path / "picks.csv", "-o", tmp_path / "s.csv")
    assert "hits.csv.run.json: No such file" in again.line
    given = molsearch("explain", tmp_path / "picks.csv", "-q", "CCO", "-o", tmp_path / "s.csv")
    assert given.code == 0


def test_a_terminal_shows_the_table_for_reading_alone(molsearch, monkeypatch):
    arguments = ("explain", "-q", ASPIRIN, "OC(=O)c1ccccc1O salicylic")
    piped = molsearch(*arguments)
    assert piped.out.startswith("molecule_id,")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = molsearch(*arguments)
    assert shown.out == ""
    assert "nearest query" in shown.err
    assert "1 hit explained (-o reasons.csv" in " ".join(shown.err.split())
    assert "-o reasons.csv" not in piped.err
    assert molsearch(*arguments, "--quiet").out == piped.out


def test_structures_and_queries_need_no_files(molsearch):
    done = molsearch("explain", "-q", ASPIRIN, "OC(=O)c1ccccc1O salicylic", "CCO", "--quiet")
    assert done.code == 0
    rows = done.out.splitlines()
    assert len(rows) == 3
    assert rows[1].startswith("salicylic,OC(=O)c1ccccc1O,O=C(O)c1ccccc1O,aspirin,")
    assert done.err == ""


def test_rows_that_cannot_be_read_are_counted_and_named(molsearch, tmp_path):
    (tmp_path / "h.smi").write_text("CCO one\nC1CC broken\nCCN two\n")
    done = molsearch("explain", tmp_path / "h.smi", "-q", "CCCO", "-o", tmp_path / "r.csv")
    assert done.code == 0
    assert "1 of 3 rows cannot be explained; the first:" in done.err
    record = json.loads((tmp_path / "r.csv.run.json").read_text())
    assert (record["n_in"], record["n_ok"], record["n_failed"]) == (3, 2, 1)
    assert record["failures"][0]["molecule_id"] == "broken"
    assert pd.read_csv(tmp_path / "r.csv").molecule_id.tolist() == ["one", "two"]


def test_the_queries_are_tried_on_each_other_in_a_library_named(molsearch, world, tmp_path):
    done = molsearch(
        "explain", *QUERIES, "-q", "CCO", "OC(=O)c1ccccc1O", "--rank", "ecfp4",
        "--encoder", world.encoder, "-i", world.index, "-o", tmp_path / "r.csv",
    )  # fmt: skip
    assert done.code == 0
    told = json.loads((tmp_path / "r.csv.run.json").read_text())["leave_one_out"]
    assert len(told["queries"]) == 3
    assert told["n_compared"] < 11


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope.csv"], "no hit list nope.csv; check the path"),
        (["CCO"], "'CCO' is no file: name one hit list, or give the queries"),
        (["-q", "CCO", "C1CC"], "nothing to explain (the first: not a readable SMILES"),
        (["-q", "CCO", "CCN", "--rank", "molsearch+series"], "counts known inactives, of which"),
        (["bare.smi", "--inactives", "CCC"], "inactives go with queries of your own"),
        (["-q", "CCO", "CCN", "--rank", "nonsense"], "is called 'nonsense'"),
        (["-q", "CCO", "CCN", "--rank", "molsearch+shape"], "cannot be explained atom by atom"),
        (["-q", "CCO", "CCN", "--rank", "molsearch+maccs"], "cannot be explained atom by atom"),
        (["-q", "CCO", "CCN", "--encoder", "nope"], "no encoder here"),
        (["-q", "CCO", "CCN", "--encoder", "small-3d"], "looks at geometry"),
        (["-q", "CCO", "CCN", "-o", "r.sdf"], "reasons are a table"),
        (["-q", "CCO", "CCN", "-o", "r.xlsx"], "end it in .csv, .tsv (each also .gz) or .parquet"),
        (["-q", "CCO", "CCN", "-o", "r.txt"], "does not tell a format"),
        (["ids.csv", "-q", "CCO"], "ids.csv"),
        (["bare.smi"], "no record of its run (bare.smi.run.json)"),
        (["."], "no records of screens"),
        (["odd.smi"], "odd.smi.run.json: no record of a screen"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_line(
    molsearch, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ids.csv").write_text("id,value\na,1\nb,2\n")
    (tmp_path / "bare.smi").write_text("CCO one\n")
    (tmp_path / "odd.smi").write_text("CCO one\n")
    if arguments == ["odd.smi"]:
        (tmp_path / "odd.smi.run.json").write_text("{}")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = molsearch("explain", *arguments)
    assert done.code in (1, 2, 3)
    assert words in done.line
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_list_by_an_encoder_of_geometry_says_what_can_be_explained(
    molsearch, screen, world, tmp_path
):
    assert screen("-o", tmp_path / "h.csv", "-k", 3).code == 0
    done = molsearch("explain", tmp_path / "h.csv", "-o", tmp_path / "r.csv")
    assert "looks at geometry" in done.line
    assert not (tmp_path / "r.csv").exists()
    done = molsearch("explain", tmp_path / "h.csv", "--rank", "ecfp4", "-o", tmp_path / "r.csv")
    assert done.code == 0
    done = molsearch("explain", tmp_path / "h.csv", "--encoder", "small", "-o", tmp_path / "s.csv")
    assert "was made by encoder" in done.line
