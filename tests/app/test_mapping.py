from __future__ import annotations

import importlib.machinery
import json
import sys
import types

import numpy as np
import pandas as pd
import pytest
from fakes import FakeEncoder, library, unit_rows

from molsearch.config import ReadConfig, ScreenConfig
from molsearch.index.writer import build_index
from molsearch.search.inactives import read_inactives
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen
from molsearch_app import mapping
from molsearch_app.components import charts, hits, table, umap
from molsearch_app.components.hits import Filter
from molsearch_app.components.launch import EACH, HITS, INACTIVES, MAP, QUERIES
from molsearch_app.jobs import AppRun


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A screen of a small index by a fake encoder, as its folder."""
    encoder = FakeEncoder(reference=unit_rows(60, seed=3))
    monkeypatch.setattr(mapping, "load_encoder", lambda *_, **__: encoder)
    made = library(tmp_path / "p", 80, user={"margin": "mine", "vendor": "v"})
    reader = build_index(made, encoder, tmp_path / "index", shard_rows=32)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / QUERIES).write_text("smiles,molecule_id\nCCO,ethanol\n")
    (folder / INACTIVES).write_text("smiles,molecule_id\nc1ccccc1,benzene\nCCN,amine\n")
    queries = read_queries([folder / QUERIES], ReadConfig(), reader.manifest.library.prepare)
    config = ScreenConfig(k=10, inactives_weight=0.25)
    inactives = read_inactives([folder / INACTIVES], ReadConfig(), reader.manifest.library.prepare)
    found = screen(reader, encoder, queries, config, inactives=inactives)
    found.frame.to_parquet(folder / HITS, index=False)
    account = {
        "index": {"path": str(reader.path)},
        "queries": [{"id": "ethanol", "parent_smiles": "CCO"}],
        "inactives": {"n_in": 2, "n_ok": 2, "n_failed": 0},
        "ranking": found.ranking.record(),
    }
    (folder / f"{HITS}.run.json").write_text(json.dumps(account))
    (folder / "job.json").write_text(json.dumps({"meta": {"encoder": None}}))
    monkeypatch.setattr(mapping.sys, "argv", ["mapping", str(folder)])
    monkeypatch.setitem(sys.modules, "umap", None)  # as if not installed
    mapping.main()
    return folder, encoder, reader


def test_the_map_holds_library_hits_and_queries(run):
    folder, _, _ = run
    chart = pd.read_parquet(folder / MAP)
    assert chart["kind"].value_counts().to_dict() == {"library": 70, "hit": 10, "query": 1}
    assert np.isfinite(chart[["x", "y"]].to_numpy()).all()
    assert 0 < chart["share_y"].iloc[0] <= chart["share_x"].iloc[0] < 1
    assert chart["name"].iloc[-1] == "ethanol"


@pytest.mark.parametrize(
    "rank", ["balanced", "molsearch", "ecfp4", "4*molsearch-mean+ecfp4", "2*molsearch+3*rarity"]
)
def test_the_score_for_each_query_is_that_of_a_screen_with_it_alone(run, rank):
    folder, encoder, reader = run
    assert not (folder / EACH).exists()  # one query
    asked = ["CCO", "c1ccccc1CCN", "CC(=O)Nc1ccc(O)cc1"]
    (folder / QUERIES).write_text("smiles\n" + "\n".join(asked))
    prepare = reader.manifest.library.prepare
    queries = read_queries([folder / QUERIES], ReadConfig(), prepare)
    config = ScreenConfig(k=25, rank=rank)
    hits_of_all = screen(reader, encoder, queries, config).frame
    hits_of_all.to_parquet(folder / HITS, index=False)
    account = json.loads((folder / f"{HITS}.run.json").read_text())
    account = {**account, "config": config.model_dump(mode="json")}
    (folder / f"{HITS}.run.json").write_text(json.dumps(account))
    mapping.main()
    each = pd.read_parquet(folder / EACH).set_index("record_number")
    assert each.shape == (25, 3)
    # With three queries `balanced` weighs otherwise than with one.
    alone = {"balanced": "molsearch+ecfp4+1.25*rarity"}.get(rank, rank)
    for query, column in zip(queries, each, strict=True):
        whole = ScreenConfig(k=80, rank=alone)
        frame = screen(reader, encoder, [query], whole).frame.set_index("record_number")
        np.testing.assert_allclose(each[column], frame.loc[each.index, "score"], atol=1e-6)


def test_without_umap_there_is_the_map_by_principal_axes_alone(run):
    folder, _, _ = run
    assert not umap.installed()
    assert not set(umap.COLUMNS) & set(pd.read_parquet(folder / MAP))


class FakeUmap:
    """Lays points out by their first two numbers."""

    def __init__(self, **given):
        assert given["metric"] == "cosine"
        assert isinstance(given["random_state"], int)

    def fit_transform(self, vectors):
        return vectors[:, :2] * 100


def test_with_umap_every_point_has_a_second_place(run, monkeypatch):
    folder, _, _ = run
    before = pd.read_parquet(folder / MAP)
    module = types.ModuleType("umap")
    module.__spec__ = importlib.machinery.ModuleSpec("umap", None)
    module.UMAP = FakeUmap
    monkeypatch.setitem(sys.modules, "umap", module)
    mapping.main()
    chart = pd.read_parquet(folder / MAP)
    pd.testing.assert_frame_equal(chart[before.columns], before)
    assert np.isfinite(chart[list(umap.COLUMNS)].to_numpy()).all()
    assert chart["umap_x"].nunique() > 60
    result = hits.load(AppRun("screen-0", folder, "screen", "t", 0.0, (), {}))
    drawn = charts.space(result.chart, result.frame, None, by_umap=True).to_dict()
    assert "umap_x" in str(drawn["layer"][0]["encoding"]["x"])


@pytest.mark.timeout(1200)  # numba compiles for minutes on a slow machine
def test_real_umap_keeps_twins_together():
    pytest.importorskip("umap", reason="needs umap-learn (extra umap)")
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(8)[:2] * 4, 40, axis=0)
    vectors = np.concatenate([centres + rng.normal(scale=0.3, size=(80, 8)), centres[:1]])
    found = umap.places(vectors)
    assert found.shape == (81, 2)
    assert np.array_equal(found, umap.places(vectors))
    middle = found[:40].mean(axis=0), found[40:80].mean(axis=0)
    assert np.linalg.norm(found[80] - middle[0]) < np.linalg.norm(found[80] - middle[1])


def test_the_margin_over_the_inactives_is_shown_filtered_and_sorted(run):
    folder, _, _ = run
    result = hits.load(AppRun("screen-0", folder, "screen", "t", 0.0, (), {}))
    assert result.has_inactives
    assert result.user_columns == ["margin_input", "vendor"]
    assert result.frame["margin_input"].iloc[0] == "mine"
    due = result.frame["inactive_score"]
    assert np.allclose(result.frame["margin"], result.frame["molsearch_score"] - due)
    shown = table.shown(result.frame, result, dark=False)
    assert {"inactive_score", "nearest_inactive", "similarity_score"} <= set(shown)
    assert set(shown) - {"structure"} <= set(table.config(result)) | {"scaffold"}
    kept = Filter(beats_inactives=True, sort="margin over the inactives").apply(result)
    assert (kept["margin"] > 0).all()
    assert kept["margin"].is_monotonic_decreasing
    assert len(kept) == (result.frame["molsearch_score"] > due).sum()


def test_a_run_of_an_earlier_version_shows_what_ranked_it_as_its_score(run):
    folder, _, _ = run
    now = hits.load(AppRun("screen-0", folder, "screen", "t", 0.0, (), {})).frame
    frame = pd.read_parquet(folder / HITS)
    names = {"score": "penalised_score", "similarity_score": "score"}
    frame.rename(columns=names).to_parquet(folder / HITS, index=False)
    before = hits.load(AppRun("screen-0", folder, "screen", "t", 0.0, (), {}))
    pd.testing.assert_frame_equal(before.frame[now.columns], now)
    assert not before.frame["score"].equals(before.frame["similarity_score"])
    assert "penalised_score" not in before.user_columns


def test_a_damaged_extra_leaves_the_list_whole(run):
    folder, _, _ = run
    (folder / MAP).write_bytes(b"x")
    result = hits.load(AppRun("screen-0", folder, "screen", "t", 0.0, (), {}))
    assert (len(result.frame), result.chart) == (10, None)


def test_a_run_without_inactives_keeps_a_users_columns_of_those_names(run):
    folder, _, _ = run
    account = json.loads((folder / f"{HITS}.run.json").read_text())
    (folder / f"{HITS}.run.json").write_text(json.dumps({**account, "inactives": None}))
    frame = pd.read_parquet(folder / HITS)
    mine = frame.drop(columns=["nearest_inactive", "is_inactive", "similarity_score"])
    mine.to_parquet(folder / HITS, index=False)
    result = hits.load(AppRun("screen-0", folder, "screen", "t", 0.0, (), {}))
    assert not result.has_inactives
    assert result.user_columns == ["inactive_score", "margin", "vendor"]
    assert "nearest_inactive" not in table.shown(result.frame, result, dark=False)
