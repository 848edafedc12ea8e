"""Reasons of lists that rarity ranked, of older lists, and by encoders that cannot tell it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from command_line import ASPIRIN, make_library
from fakes import unit_rows

from molsearch.config import ModelConfig
from molsearch.errors import UsageError
from molsearch.nn.network import Network
from molsearch.nn.weights import REFERENCE_FILE, load_encoder, save_encoder
from molsearch.scoring.ranking import ranking_of
from molsearch.service.explain import explain
from molsearch.service.requests import ExplainRequest, ScreenRequest
from molsearch.service.screen import screen
from molsearch.service.session import Session

SEVERAL = (ASPIRIN, "CC(=O)Nc1ccc(O)cc1 paracetamol", "CCOC(=O)c1ccc(N)cc1 benzocaine")
PARTS = "score_part:"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A library, an encoder that tells rarity, and the same that does not."""
    folder = tmp_path_factory.mktemp("explained")
    make_library(folder / "library.csv")
    torch.manual_seed(2)
    config = ModelConfig(
        n_buckets=509, use_geometry=False, width=32, embedding_dim=32, matryoshka=(16, 32)
    )
    card = {"name": "tiny", "licence": "none"}
    save_encoder(folder / "rare", Network(config), card, reference=unit_rows(50, 32))
    shutil.copytree(folder / "rare", folder / "plain")
    (folder / "plain" / REFERENCE_FILE).unlink()
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def listed(world, out: Path, encoder="rare", queries=SEVERAL, **changes):
    request = ScreenRequest(
        queries=queries, library=(str(world / "library.csv"),), output=str(out), device="cpu",
        encoder=str(world / encoder), read={"id_column": "name"}, **changes,
    )  # fmt: skip
    screen(request, Session())
    return pd.read_csv(out)


def told(out: Path, session=None, **changes):
    given = {key: changes.pop(key) for key in ("given", "encoder_at_hand") if key in changes}
    request = ExplainRequest(hits=str(out), device="cpu", **changes)
    found = explain(request, session or Session(), encoder=given.get("encoder_at_hand"))
    return found.frame, found.account


@pytest.mark.parametrize("queries", [SEVERAL[:1], SEVERAL])
def test_the_parts_of_a_list_add_up_to_its_score(world, tmp_path, queries):
    hits = listed(world, tmp_path / "h.csv", queries=queries)
    frame, account = told(tmp_path / "h.csv")
    parts = [name for name in frame if name.startswith(PARTS)]
    assert [name.removeprefix(PARTS) for name in parts] == ["molsearch", "ecfp4", "rarity"]
    np.testing.assert_allclose(frame[parts].sum(axis=1), frame.explained_score, atol=1e-6)
    np.testing.assert_allclose(frame.explained_score, hits.score, atol=1e-5)
    np.testing.assert_allclose(frame[f"{PARTS}rarity"], 1.25 * hits.rarity_score, atol=1e-5)
    assert account["weights"]["rarity"] == 1.25
    assert not any("are not those explained" in line for line in account["warnings"])


def test_a_list_by_an_encoder_without_compounds_is_explained_without(world, tmp_path):
    hits = listed(world, tmp_path / "h.csv", "plain")
    assert "rarity_score" not in hits
    frame, account = told(tmp_path / "h.csv", encoder=str(world / "plain"))
    assert f"{PARTS}rarity" not in frame
    np.testing.assert_allclose(frame.explained_score, hits.score, atol=3e-3)
    assert "rarity" not in account["ranking"]["words"]


@pytest.mark.parametrize("at_hand", [False, True])
@pytest.mark.parametrize("queries", [SEVERAL[:1], SEVERAL])
def test_queries_of_ones_own_are_ranked_as_the_encoder_can(world, tmp_path, queries, at_hand):
    listed(world, tmp_path / "h.csv", "plain")
    for name, tells in (("plain", False), ("rare", True)):
        held = load_encoder(world / name, device="cpu") if at_hand else None
        frame, account = told(
            tmp_path / "h.csv", queries=queries, encoder=str(world / name),
            encoder_at_hand=held,
        )  # fmt: skip
        assert (f"{PARTS}rarity" in frame) is tells
        due = ranking_of("balanced", len(queries), rarity=tells).expression
        assert account["ranking"]["expression"] == str(due)
        assert account["weights"]["ecfp4"] == {t.name: t.weight for t in due.terms}["ecfp4"]
        assert (account["weights"]["rarity"] > 0) is tells
    held = load_encoder(world / "plain", device="cpu") if at_hand else None
    with pytest.raises(UsageError, match="no reference compounds, by which rarity is told"):
        told(
            tmp_path / "h.csv", queries=SEVERAL[:1], rank="molsearch+rarity",
            encoder=str(world / "plain"), encoder_at_hand=held,
        )  # fmt: skip


def test_a_list_of_before_is_explained_as_it_was_ranked(world, tmp_path):
    """Its record says `balanced`, and the sum that this was then."""
    hits = listed(world, tmp_path / "h.csv", rank="molsearch-top2+2*ecfp4")
    place = tmp_path / "h.csv.run.json"
    record = json.loads(place.read_text())
    record["ranking"]["rank"] = "balanced"
    assert record["ranking"]["expression"] == "molsearch-top2+2*ecfp4-max"
    place.write_text(json.dumps(record))
    frame, account = told(tmp_path / "h.csv")
    assert f"{PARTS}rarity" not in frame
    np.testing.assert_allclose(frame.explained_score, hits.score, atol=3e-3)
    assert account["ranking"]["expression"] == "molsearch-top2+2*ecfp4-max"


def test_fingerprints_alone_need_no_encoder(world, tmp_path):
    listed(world, tmp_path / "h.csv")
    frame, account = told(tmp_path / "h.csv", rank="ecfp4")
    assert [name for name in frame if name.startswith(PARTS)] == [f"{PARTS}ecfp4"]
    assert account["encoder"] is None


def test_queries_are_tried_on_each_other_by_it_too(world, tmp_path):
    from molsearch.service.index import index
    from molsearch.service.requests import IndexRequest

    request = IndexRequest(
        library=(str(world / "library.csv"),), output=str(tmp_path / "l.index"), device="cpu",
        encoder=str(world / "rare"), read={"id_column": "name"},
    )  # fmt: skip
    index(request, Session())
    listed(world, tmp_path / "h.csv")
    record = json.loads((tmp_path / "h.csv.run.json").read_text())
    _, account = told(tmp_path / "h.csv", index=str(tmp_path / "l.index"))
    again = account["leave_one_out"]
    assert again["expression"].endswith("+1.25*rarity")
    assert record["leave_one_out"]["expression"].endswith("+1.25*rarity")
