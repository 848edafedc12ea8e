from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from fakes import FakeEncoder, library

from app import mapping
from app.components import hits
from app.components.hits import Filter
from app.components.launch import AGAINST, HITS, INACTIVES, MAP, QUERIES
from app.jobs import Job
from molsearch.config import ReadConfig, ScreenConfig
from molsearch.index.writer import build_index
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A screen of a small index by a fake encoder, as its folder."""
    encoder = FakeEncoder()
    monkeypatch.setattr(mapping, "load_encoder", lambda *_, **__: encoder)
    reader = build_index(library(tmp_path / "p", 80), encoder, tmp_path / "index", shard_rows=32)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / QUERIES).write_text("smiles,molecule_id\nCCO,ethanol\n")
    (folder / INACTIVES).write_text("smiles,molecule_id\nc1ccccc1,benzene\nCCN,amine\n")
    queries = read_queries([folder / QUERIES], ReadConfig(), reader.manifest.library.prepare)
    found = screen(reader, encoder, queries, ScreenConfig(k=10))
    found.frame.to_parquet(folder / HITS, index=False)
    account = {
        "index": {"path": str(reader.path)},
        "queries": [{"id": "ethanol", "parent_smiles": "CCO"}],
    }
    (folder / f"{HITS}.run.json").write_text(json.dumps(account))
    (folder / "job.json").write_text(json.dumps({"meta": {"encoder": None}}))
    monkeypatch.setattr(mapping.sys, "argv", ["mapping", str(folder)])
    mapping.main()
    return folder, encoder, reader


def test_the_map_holds_library_hits_and_queries(run):
    folder, _, _ = run
    chart = pd.read_parquet(folder / MAP)
    assert chart["kind"].value_counts().to_dict() == {"library": 70, "hit": 10, "query": 1}
    assert np.isfinite(chart[["x", "y"]].to_numpy()).all()
    assert 0 < chart["share_y"].iloc[0] <= chart["share_x"].iloc[0] < 1
    assert chart["name"].iloc[-1] == "ethanol"


def test_hits_are_scored_against_the_nearest_inactive(run):
    folder, encoder, reader = run
    result = hits.load(Job("screen-0", folder, "screen", "t", 0.0, (), {}))
    assert result.has_inactives
    assert result.user_columns == ["vendor"]
    prepare = reader.manifest.library.prepare
    inactives = mapping.embed_queries(
        read_queries([folder / INACTIVES], ReadConfig(), prepare), encoder
    ).vectors
    every = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    numbers = result.frame["record_number"].to_numpy()
    due = (every[numbers - 1].astype(np.float32) @ inactives.T).max(axis=1)
    assert np.allclose(result.frame["inactive_score"], due, atol=1e-6)
    kept = Filter(beats_inactives=True, sort="margin over the inactives").apply(result)
    assert (kept["margin"] > 0).all()
    assert kept["margin"].is_monotonic_decreasing
    assert len(kept) == (result.frame["score"] > due).sum()


def test_a_damaged_extra_leaves_the_list_whole(run):
    folder, _, _ = run
    (folder / AGAINST).write_bytes(b"x")
    (folder / MAP).write_bytes(b"x")
    result = hits.load(Job("screen-0", folder, "screen", "t", 0.0, (), {}))
    assert (len(result.frame), result.has_inactives, result.chart) == (10, False, None)
