"""What clients get from a running server."""

from __future__ import annotations

import json
import socket
import time

import httpx
import pytest
from command_line import ASPIRIN

import molsearch as ms
from molsearch.service.requests import ScreenRequest
from molsearch.service.screen import screen
from molsearch.service.session import Session

from .conftest import serving

ASKED = {
    "k": 9,
    "where": ["mw<400"],
    "unique": "parent",
    "inactives": ["OC(=O)c1ccccc1O salicylic"],
    "inactives_weight": 0.25,
}
BODY = {"library": "lib", "queries": [ASPIRIN], **ASKED}


def ask(client, **changes):
    return client.post("/v1/screen", json={**BODY, **changes})


def ended(client, answer):
    """The state of a job, once it is over; its events are followed until then."""
    assert answer.status_code == 202, answer.text
    state = answer.json()
    told = []
    with client.stream("GET", state["events"]) as stream:
        told += [json.loads(line[6:]) for line in stream.iter_lines() if line[:6] == "data: "]
    assert told[-1]["event"] in ("done", "failure")
    return client.get(f"/v1/jobs/{state['id']}").json(), told


def test_libraries_are_named_without_their_folders(client, roots):
    [found] = client.get("/v1/libraries").json()["libraries"]
    assert (found["name"], found["n_molecules"], found["n_failed"]) == ("lib", 11, 1)
    assert found["searchable"]
    assert str(roots) not in client.get("/v1/libraries").text
    assert client.get("/healthz").json()["status"] == "ok"


@pytest.mark.parametrize("kind", ["csv", "sdf", "parquet"])
def test_the_bytes_are_those_of_the_service_at_once_and_as_a_job(client, roots, tmp_path, kind):
    due = tmp_path / f"due.{kind}"
    request = ScreenRequest(
        queries=(ASPIRIN,), index=str(roots / "lib"), output=str(due), device="cpu", **ASKED
    )
    screen(request, Session())
    answer = ask(client, format=kind)
    assert answer.status_code == 200
    assert answer.content == due.read_bytes()
    if kind == "csv":
        state, told = ended(client, ask(client, format=kind, job=True))
        assert state["status"] == "done"
        assert client.get(state["hits"]).content == due.read_bytes()
        assert str(roots) not in json.dumps(told)


def test_rarity_ranks_as_it_is_weighted(client):
    for rank, weight in (("balanced", 1.25), ("molsearch+ecfp4+0.5*rarity", 0.5)):
        for hit in ask(client, rank=rank, inactives=[], inactives_weight=None).json()["hits"]:
            parts = hit["molsearch_score"] + hit["ecfp4_score"] + weight * hit["rarity_score"]
            assert hit["score"] == pytest.approx(parts, abs=1e-3)
    refused = ask(client, rank="rarity")
    assert refused.status_code == 422
    assert "knows nothing of the queries" in refused.text


def test_json_holds_the_same_hits_with_null_for_what_is_not_known(client):
    answer = ask(client).json()
    assert answer["n_hits"] == len(answer["hits"]) > 5
    first = answer["hits"][0]
    assert (first["rank"], first["molecule_id"], first["is_query"]) == (1, "aspirin", True)
    assert "NaN" not in ask(client).text
    state, _ = ended(client, ask(client, k=60))  # more than is answered at once
    listed = client.get(state["hits"], params={"rows": 3}).json()
    assert [hit["molecule_id"] for hit in listed["hits"]] == [
        hit["molecule_id"] for hit in answer["hits"][:3]
    ]


@pytest.mark.parametrize(
    ("changes", "status", "match"),
    [
        ({"queries": ["C1CC"]}, 422, "is no structure"),
        ({"queries": []}, 422, "queries: "),
        ({"queries": ["  "]}, 422, "queries"),
        ({"queries": ["C"] * 6}, 422, "at most 5"),
        ({"queries": ["/etc/hostname"]}, 422, "is no structure"),
        ({"queries": ["-"]}, 422, "is no structure"),
        ({"k": 0}, 422, "k: "),
        ({"k": 10**9}, 422, "at most 100,000"),
        ({"colour": "red"}, 422, "colour: there is no such field"),
        ({"output": "/tmp/x.csv"}, 422, "output: there is no such field"),
        ({"encoder": "/tmp/x"}, 422, "encoder: there is no such field"),
        ({"rank": "/etc"}, 422, "'/etc' does not rank here"),
        ({"rank": "molsearch+fcfp4"}, 422, "'fcfp4' does not rank here"),
        ({"where": ["weight<3"]}, 422, "no column 'weight'"),
        ({"include_smarts": ["["]}, 422, "is not a SMARTS"),
        ({"library": "../lib"}, 404, "no library '../lib' here"),
        ({"library": "nowhere"}, 404, "/v1/libraries lists them"),
        ({"queries": ["C" * 2000] * 5, "inactives": ["C" * 1999] * 6}, 413, "more than 20,000"),
    ],
)
def test_what_cannot_be_answered_is_one_line(client, roots, changes, status, match):
    answer = ask(client, **changes)
    assert answer.status_code == status, answer.text
    line = answer.json()["error"]
    assert match in line
    assert "\n" not in line
    assert str(roots) not in line


def test_bodies_that_are_no_requests(client):
    for content in (b"{", b"[1]", b"null", b"\xff\xfe"):
        answer = client.post("/v1/screen", content=content)
        assert answer.status_code == 422
        assert "Traceback" not in answer.text
    assert client.put("/v1/screen").status_code == 405
    assert client.get("/v1/jobs/none").status_code == 404
    assert client.get("/nowhere").json()["error"]


def test_molecules_are_embedded_and_failures_counted(client):
    given = ["CCO ethanol", "C1CC bad", {"smiles": "c1ccccc1", "id": "benzene"}]
    answer = client.post("/v1/encode", json={"molecules": given}).json()
    assert answer["ids"] == ["ethanol", "benzene"]
    assert [(one["position"], one["id"]) for one in answer["failures"]] == [(1, "bad")]
    for vector in answer["embeddings"]:
        assert len(vector) == answer["dim"]
        assert sum(x * x for x in vector) == pytest.approx(1, abs=1e-3)
    assert client.post("/v1/encode", json={"molecules": given[:1], "encoder": "x"}).is_error


def test_metrics_count_answers_by_route(client):
    ask(client, k=0)
    text = client.get("/metrics").text
    assert 'molsearch_requests_total{route="/v1/screen",status="422"}' in text
    assert "molsearch_kept_bytes" in text


def test_a_token_opens_and_its_lack_closes(roots, tmp_path, molsearch):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    token.chmod(0o644)
    refused = molsearch("serve", roots, "--token-file", token)
    assert (refused.code, "chmod 600" in refused.line) == (2, True)
    token.chmod(0o600)
    limits = ("--limit", "jobs_a_client=1", "--limit", "requests_a_client=3")
    with serving(roots, "--token-file", token, *limits) as (address, process):
        with httpx.Client(base_url=address, timeout=120) as client:
            assert client.get("/healthz").status_code == 200
            for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer é"}):
                headers = {name: value.encode() for name, value in given.items()}
                assert client.get("/v1/libraries", headers=headers).status_code == 401
            client.headers["Authorization"] = "Bearer 0123456789abcdef"
            assert client.get("/v1/libraries").status_code == 200
            # A substructure is looked for in every molecule: a job of its own process.
            large = {"job": True, "include_smarts": ["C"]}
            first = ask(client, **large)
            assert first.status_code == 202
            second = ask(client, **large)
            assert (second.status_code, "of yours are open" in second.text) == (429, True)
            state = client.delete(f"/v1/jobs/{first.json()['id']}").json()
            end = time.monotonic() + 60
            while state["status"] not in ("cancelled", "done") and time.monotonic() < end:
                time.sleep(0.1)
                state = client.get(f"/v1/jobs/{state['id']}").json()
            assert state["status"] == "cancelled"
            # A job of its own process goes with the server.
            ask(client, **large)
        process.terminate()
        process.wait(60)


def test_servers_that_must_not_start_are_one_line(roots, tmp_path, molsearch, monkeypatch):
    monkeypatch.delenv("MOLSEARCH_SERVER_TOKEN", raising=False)
    open_to_all = molsearch("serve", roots, "--host", "0.0.0.0")
    assert (open_to_all.code, "set a token" in open_to_all.line) == (2, True)
    monkeypatch.setenv("MOLSEARCH_SERVER_TOKEN", "short")
    assert "at least 16 characters" in molsearch("serve", roots, "--host", "0.0.0.0").line
    monkeypatch.delenv("MOLSEARCH_SERVER_TOKEN")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = molsearch("serve", roots, "--port", taken.getsockname()[1])
    assert (found.code, "choose another with --port" in found.line) == (2, True)
    assert molsearch("serve", tmp_path / "nowhere").code == 2
    assert "there is no such field" in molsearch("serve", roots, "--limit", "x=1").line
    assert "queries=100" in molsearch("serve", roots, "--limits").out
    assert "queries=100" in molsearch("serve", "--limits").out
    assert "no ROOT: name an index" in molsearch("serve").err


EXPLAINED = {
    "queries": [ASPIRIN, "CC(=O)Nc1ccc(O)cc1 paracetamol"],
    "molecules": ["OC(=O)c1ccccc1O salicylic", "C1CC broken", {"smiles": "CCO", "id": "ethanol"}],
}


def test_reasons_are_those_of_the_service(client):
    answer = client.post("/v1/explain", json={**EXPLAINED, "library": "lib", "drawings": True})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    due = ms.explain(["OC(=O)c1ccccc1O salicylic", "CCO ethanol"], EXPLAINED["queries"])
    assert [one["position"] for one in told["reasons"]] == [0, 2]
    assert [one["id"] for one in told["reasons"]] == due.molecule_id.tolist()
    assert [one["position"] for one in told["failures"]] == [1]
    assert told["queries"] == ["aspirin", "paracetamol"]
    assert told["leave_one_out"]["n_queries"] == 2
    for one, row in zip(told["reasons"], due.itertuples(), strict=True):
        assert one["query"] == row.nearest_query
        assert one["score"] == pytest.approx(row.explained_score, abs=1e-5)
        assert one["score"] == pytest.approx(sum(one["parts"].values()), abs=1e-5)
        assert one["query_score"] == pytest.approx(row.query_score, abs=1e-5)
        listed = [float(number) for number in row.atom_contributions.split()]
        assert one["atoms"] == pytest.approx(listed, abs=1e-4)
        assert len(one["common"]["atoms"]) == row.common_atoms
        assert one["drawing"].startswith("<svg")


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"molecules": ["CCO"] * 51}, 422, "at most 50"),
        ({"queries": ["CCO"] * 6}, 422, "at most 5"),
        ({"molecules": ["C" * 160]}, 422, "160 atoms; this server explains at most 150"),
        ({"queries": ["C" * 160]}, 422, "160 atoms"),
        ({"molecules": ["/etc/passwd"]}, 422, "nothing to explain"),
        ({"queries": ["/etc/passwd"]}, 422, "no structure that can be used"),
        ({"library": "no"}, 404, "no library 'no'"),
        ({"encoder": "small-3d"}, 422, "looks at geometry"),
        ({"encoder": "../x"}, 422, "choose one of"),
        ({"rank": "molsearch+maccs"}, 422, "cannot be explained"),
        ({"output": "/tmp/x"}, 422, "output"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_line(client, changes, status, words):
    answer = client.post("/v1/explain", json={**EXPLAINED, **changes})
    assert words in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert answer.status_code == status
