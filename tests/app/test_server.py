from __future__ import annotations

import asyncio
import importlib
import os
import time
from urllib.parse import urlencode

import pytest

from molsearch_app import guard


@pytest.fixture
def server(monkeypatch, runs):
    monkeypatch.setenv("MOLSEARCH_APP_DRAWS", "")  # restored afterwards
    from molsearch_app import server

    return importlib.reload(server)


class Answer:
    def __init__(self, start, content):
        self.status_code, self.content = start["status"], content
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}


@pytest.fixture
def get(server):
    """Ask the server without Streamlit's pages, of which a process may have but one."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    routes = [
        Route("/draw", server.draw),
        Route("/{path:path}", lambda _: HTMLResponse("<p>")),
    ]
    app = server.Locked(Starlette(routes=routes))

    def asked(path, params=(), headers=()):
        given = {"host": "testserver", **dict(headers)}
        scope = {
            "type": "http", "method": "GET", "path": path, "scheme": "http",
            "query_string": urlencode(params).encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }  # fmt: skip
        sent = []

        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": "http.request"}

        asyncio.run(app(scope, receive, send))
        return Answer(sent[0], b"".join(one.get("body", b"") for one in sent[1:]))

    return asked


def phenylalanines(n):
    return "N[C@@H](Cc1ccccc1)C(=O)" * n + "O"


@pytest.mark.parametrize(
    "query",
    [{}, {"s": "CCO", "a": "CCN", "d": "1"}, {"s": "<script>alert(1)</script>"}, {"s": "C" * 9000}],
)
def test_the_drawing_route_answers_anything_with_a_locked_down_image(get, query):
    answer = get("/draw", query)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.content.startswith(b"<svg")
    assert b"<script" not in answer.content


@pytest.mark.parametrize("name", ["s", "a"])
def test_a_huge_structure_is_not_drawn_and_takes_no_time(get, name):
    get("/draw", {"s": "C"})  # the processes are up
    given = {"s": "CCO", name: phenylalanines(60)}
    began = time.monotonic()
    answer = get("/draw", given)
    assert time.monotonic() - began < 10  # 20 seconds and more, were it laid out
    assert (b"661 atoms" in answer.content) == (name == "s")


def test_a_drawing_that_takes_too_long_is_ended_and_not_kept(get, monkeypatch, server):
    monkeypatch.setattr(
        server.drawing, "begin",
        lambda *_, **__: guard.DRAWINGS.submit(time.sleep, 600, seconds=0.3),
    )  # fmt: skip
    answer = get("/draw", {"s": "CCO"})
    assert b"takes too long" in answer.content
    assert answer.headers["cache-control"] == "no-store"


def test_the_loop_goes_on_while_a_structure_is_drawn(server, monkeypatch):
    monkeypatch.setattr(
        server.drawing, "begin",
        lambda *_, **__: guard.DRAWINGS.submit(time.sleep, 600, seconds=1.5),
    )  # fmt: skip

    class Asked:
        query_params = {"s": "C"}  # noqa: RUF012

    async def both():
        slow = asyncio.ensure_future(server.draw(Asked()))
        turns = 0
        while not slow.done():
            await asyncio.sleep(0.05)
            turns += 1
        return turns

    assert asyncio.run(both()) > 5


def test_too_many_drawings_at_a_time_are_refused(get, server, monkeypatch):
    monkeypatch.setattr(server.drawing, "DRAWINGS", guard.Guard(1, most_waiting=0))
    answer = get("/draw", {"s": "CCO"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


def test_every_answer_keeps_other_sites_out(get):
    for path in ("/", "/results", "/component/x/index.html", "/draw"):
        headers = get(path).headers
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "content-security-policy" in headers
    policy = get("/results").headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "object-src 'none'" in policy
    assert "'unsafe-eval'" not in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "ws://testserver" in policy
    hostile = get("/", headers={"host": "x; script-src *"}).headers
    assert "x; script-src" not in hostile["content-security-policy"]


def test_a_browser_gets_one_number_that_pages_cannot_read(get):
    first = get("/").headers["set-cookie"]
    assert "HttpOnly" in first
    assert "SameSite=Lax" in first
    assert "Secure" not in first
    number = first.split(";")[0]
    assert "set-cookie" not in get("/", headers={"cookie": f"a=b; {number}"}).headers
    assert "set-cookie" in get("/", headers={"cookie": f"{number}; molsearch_owner=x"}).headers
    assert "set-cookie" not in get("/draw", {"s": "C"}).headers
    other = get("/", headers={"x-forwarded-proto": "https"}).headers["set-cookie"]
    assert "Secure" in other
    assert other[:48] != first[:48]


def test_the_server_removes_uploads_that_nobody_used(runs, server):
    (runs / ".upload-old").mkdir(parents=True)
    os.utime(runs / ".upload-old", (0, 0))
    importlib.reload(server)
    assert list(runs.iterdir()) == []
