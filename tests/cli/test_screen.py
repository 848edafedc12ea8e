"""``molsearch screen``: what a user reads of a screen."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from molsearch.scoring.default import balanced
from molsearch.search.hits import COLUMNS


def test_a_hit_list_with_everything_a_user_reads(screen, world, tmp_path):
    result = screen("-k", 5, "-o", tmp_path / "hits.csv")
    assert result.code == 0
    hits = pd.read_csv(tmp_path / "hits.csv")
    assert hits.columns.tolist() == [*COLUMNS, "price"]
    assert hits["rank"].tolist() == [1, 2, 3, 4, 5]
    # Aspirin and its potassium salt have one parent: both mark the query, ordered by id.
    assert hits.molecule_id.tolist()[:2] == ["aspirin", "thrice"]
    assert hits.is_query.tolist()[:3] == [True, True, False]
    assert hits.ecfp4_similarity.tolist()[:2] == [1.0, 1.0]
    assert hits.score[0] == pytest.approx(2, abs=2e-3)
    assert hits.molsearch_score[0] == pytest.approx(1, abs=2e-3)
    assert hits.price[1] == 12
    assert hits.smiles[1] == "CC(=O)Oc1ccccc1C(=O)[O-].[K+]"
    assert hits.background_percentile.between(0, 100).all()
    noted = [" query" in line and line.split()[0] in ("1", "2") for line in result.err.splitlines()]
    assert noted.count(True) == 2
    assert "5 hits of 11 molecules in" in result.err
    assert "search 0." in result.err
    assert "lies far from the training chemistry" in result.err
    account = json.loads((tmp_path / "hits.csv.run.json").read_text())
    assert account["config"]["k"] == 5
    assert account["n_hits"] == 5
    assert account["queries"][0]["id"] == "aspirin"
    ranked = account["ranking"]
    assert (ranked["rank"], ranked["expression"]) == ("balanced", str(balanced(1)))
    assert ranked["words"] in result.err
    assert set(account["seconds"]) >= {"embed queries", "search", "hit list", "write"}
    assert len(account["warnings"]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hits.csv", "hits.csv.run.json"]


def test_more_hits_than_molecules_returns_all_without_a_warning(screen, tmp_path):
    result = screen("-k", 5000, "-o", tmp_path / "h.csv")
    assert result.code == 0
    assert len(pd.read_csv(tmp_path / "h.csv")) == 11
    assert "asked" not in result.err
    assert "11 hits" in result.err
