"""Why a hit stands where it does, as the page of results shows it."""

from __future__ import annotations

import json

import pytest
from app_pages import said
from app_runs import HITS, QUERY, finished_run

from molsearch.errors import MolSearchError
from molsearch.nn.weights import load_encoder
from molsearch_app.components import reasons
from molsearch_app.guard import CHEMISTRY

MUTUAL = "looked for with the others, none of 2 queries stand among the first 1%; not found: <b>"
QUERIES = [
    {"id": "gefitinib", "parent_smiles": QUERY},
    {"id": "asp<i>irin", "parent_smiles": "CC(=O)Oc1ccccc1C(=O)O"},
]


@pytest.fixture(scope="module")
def identity():
    return load_encoder("small", device="cpu").identity


@pytest.fixture
def run_id(runs, identity):
    """A run of two queries by the encoder that ships."""
    found = finished_run(runs)
    record = runs / found / "hits.parquet.run.json"
    account = json.loads(record.read_text())
    account |= {
        "queries": QUERIES,
        "encoder": identity,
        "ranking": {"rank": "balanced", "expression": "molsearch-top2+2*ecfp4-max", "words": "x"},
        "leave_one_out": {"sentence": MUTUAL},
        "trust": {"sentence": "to expect among the first 1 %: 38 <i>times</i> as many"},
    }
    record.write_text(json.dumps(account))
    return found


@pytest.fixture
def at_once(monkeypatch):
    """Explain in this process rather than in one of its own."""
    monkeypatch.setattr(CHEMISTRY, "run", lambda task, *given, seconds: task(*given))


@pytest.mark.usefixtures("at_once")
def test_the_panel_draws_both_molecules_and_says_what_counts(page, run_id):
    at = page("results", run=run_id)
    assert "&lt;b&gt;" in said(at)  # the sentence of the queries, as text
    assert "none of 2 queries" in said(at)
    assert "To expect among the first 1 %: 38 &lt;i&gt;times&lt;/i&gt; as many" in said(at)
    at.session_state["focus"] = 2
    at.segmented_control(key="detail-view").set_value("Why").run()
    assert not at.exception
    shown = said(at)
    assert shown.count("atom map of") == 2
    assert "ECFP4" in shown
    assert "For this query alone" in shown
    assert "Most for it <code>" in shown
    assert "of the query's 31 atoms in common" in shown.replace("&#x27;", "'")
    assert "1 of 2 queries speak for it" in shown
    assert "asp&lt;i&gt;irin" in shown
    assert "<script>" not in shown


def test_a_hit_is_explained_as_its_run_ranked_it(runs, run_id):
    record = str(runs / run_id / "hits.parquet.run.json")
    told = reasons.explained(record, HITS[1][0])
    assert told.name == "gefitinib"
    assert told.note == ""
    assert told.hit.startswith("<svg")
    assert told.best[1] > told.worst[1]


def test_of_an_encoder_of_geometry_the_fingerprints_part_is_explained(runs, run_id):
    record = runs / run_id / "hits.parquet.run.json"
    account = json.loads(record.read_text())
    account["encoder"] = load_encoder("small-3d", device="cpu").identity
    record.write_text(json.dumps(account))
    told = reasons.explained(str(record), HITS[1][0])
    assert "this is ECFP4's part" in told.note
    assert told.score < 1.0


@pytest.mark.parametrize("smiles", ["C" * 300, HITS[1][0]])
def test_what_cannot_be_explained_is_said_in_one_line(runs, smiles):
    """A structure too large; a run that is older than records of rankings."""
    record = str(runs / finished_run(runs) / "hits.parquet.run.json")
    with pytest.raises(MolSearchError) as told:
        reasons.explained(record, smiles)
    assert "\n" not in str(told.value)


@pytest.mark.usefixtures("at_once")
def test_the_page_of_an_old_run_says_so_and_stands(page, runs):
    at = page("results", run=finished_run(runs))
    at.segmented_control(key="detail-view").set_value("Why").run()
    assert not at.exception
    assert len(at.error) == 1
