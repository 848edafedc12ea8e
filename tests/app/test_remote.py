"""Screens that a server runs for the application."""

from __future__ import annotations

import http.server
import json
import threading
import time

import pytest
from app_pages import button, said
from app_runs import QUERY, hit_frame

from molsearch_app import jobs, remote
from molsearch_app.components import choose, hits


class Server(http.server.BaseHTTPRequestHandler):
    """What a server answers, with its jobs ended at once or on demand."""

    asked: list[tuple[str, str, object]] = []  # noqa: RUF012
    table = b""
    ends = "done"

    def log_message(self, *_):
        pass

    def answer(self, status, content, kind="application/json"):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.asked.append(("GET", self.path, self.headers.get("Authorization")))
        if self.path == "/v1/libraries":
            entry = {"n_failed": 0, "searchable": True, "n_molecules": 5}
            self.answer(200, {"libraries": [{"name": "shelf/lib", **entry}]})
        elif self.path.endswith("/events"):
            self.answer(200, self.events(), "text/event-stream")
        else:
            self.answer(200, self.table)

    def events(self):
        told = [{"event": "progress", "stage": "searching", "done": 1, "failed": 0, "total": 5}]
        if self.ends == "waits":
            while not any(kind == "DELETE" for kind, *_ in self.asked):
                time.sleep(0.05)
        if self.ends == "done":
            account = {"queries": [{"id": "q", "parent_smiles": QUERY}], "encoder": "ab" * 32,
                       "index": {"n_molecules": 5, "n_failed": 0}, "warnings": ["odd"]}  # fmt: skip
            told.append({"event": "done", "verb": "screen", "hits": "/x", "account": account})
        else:
            told.append({"event": "failure", "message": "cancelled"})
        return "".join(f"id: 1\ndata: {json.dumps(one)}\n\n" for one in told).encode()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(("POST", self.path, body))
        if self.ends == "refused":
            self.answer(422, {"error": "k: at most 10"})
        else:
            self.answer(202, {"id": "abc", "events": "/v1/jobs/abc/events"})

    def do_DELETE(self):
        self.asked.append(("DELETE", self.path, None))
        self.answer(200, {"id": "abc"})


@pytest.fixture
def server(monkeypatch, runs, tmp_path):
    hit_frame().to_parquet(tmp_path / "t.parquet", index=False)
    monkeypatch.setattr(Server, "table", (tmp_path / "t.parquet").read_bytes())
    monkeypatch.setattr(Server, "asked", [])
    monkeypatch.setattr(Server, "ends", "done")
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    monkeypatch.setenv(remote.SERVER, f"http://127.0.0.1:{found.server_port}/")
    monkeypatch.setenv(remote.TOKEN, "a-token-of-twenty-letters")
    choose.served.clear()
    yield Server
    found.shutdown()


def begun(page):
    """Start a screen from the page."""
    at = page()
    at.text_area(key="query-text").set_value(f"{QUERY} mine").run()
    at.text_input(key="opt-where").set_value("mw<600").run()
    button(at, "go").click().run()
    assert not at.exception
    (job,) = jobs.recent("screen")
    return at, job


def wait(job, until=lambda status: status.ended):
    deadline = time.monotonic() + 120
    while not until(status := jobs.status(job)):
        assert time.monotonic() < deadline, jobs.log(job)
        time.sleep(0.05)
    return status


def test_a_screen_of_a_server_is_posted_followed_and_fetched(page, server):
    at, job = begun(page)
    assert wait(job).status == "done", jobs.log(job)
    (body,) = [body for kind, _, body in server.asked if kind == "POST"]
    assert body["library"] == "shelf/lib"
    assert body["queries"] == [{"smiles": QUERY, "id": "mine"}]
    assert (body["where"], body["format"], body["job"]) == (["mw<600"], "parquet", True)
    assert "index" not in body
    assert "output" not in body
    assert {token for kind, _, token in server.asked if kind == "GET"} == {
        "Bearer a-token-of-twenty-letters"
    }
    result = hits.load(job)
    assert len(result.frame) == 5
    assert result.account["warnings"] == ["odd"]
    assert "opt-encoder" not in [one.key for one in at.selectbox]
    at = page("results", run=job.run_id)
    assert len(at.dataframe[0].value) == 5
    assert "/v1/screen" in said(at)
    assert "a-token" not in said(at)


def test_a_server_that_refuses_is_one_line(page, server, monkeypatch):
    monkeypatch.setattr(server, "ends", "refused")
    _, job = begun(page)
    status = wait(job)
    assert status.status == "failed"
    assert status.error == "the server refused (422): k: at most 10"
    assert not job.file("hits.parquet").exists()


def test_cancelling_ends_the_job_of_the_server(page, server, monkeypatch):
    monkeypatch.setattr(server, "ends", "waits")
    _, job = begun(page)
    wait(job, lambda status: status.status == "running")
    jobs.cancel(job)
    assert wait(job).status == "cancelled"
    assert ("DELETE", "/v1/jobs/abc", None) in server.asked


def test_a_server_that_is_not_there_is_said_on_the_page(page, monkeypatch):
    monkeypatch.setenv(remote.SERVER, "http://127.0.0.1:9")
    choose.served.clear()
    assert "does not answer" in page().error[0].value
    monkeypatch.setenv(remote.SERVER, "file:///etc")
    choose.served.clear()
    assert "set it to an address" in page().error[0].value
