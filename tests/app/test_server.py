from __future__ import annotations

import importlib
import os
from urllib.parse import urlencode

import pytest
from starlette.requests import Request


@pytest.mark.parametrize(
    "query",
    [{}, {"s": "CCO", "a": "CCN", "d": "1"}, {"s": "<script>alert(1)</script>"}, {"s": "C" * 9000}],
)
def test_the_drawing_route_answers_anything_with_a_locked_down_image(monkeypatch, query):
    monkeypatch.setenv("MOLSEARCH_APP_DRAWS", "")  # restored afterwards
    from molsearch_app import server

    scope = {"type": "http", "query_string": urlencode(query).encode(), "headers": []}
    answer = server.draw(Request(scope))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.body.startswith(b"<svg")
    assert b"<script" not in answer.body


def test_the_server_removes_uploads_that_nobody_used(runs, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_APP_DRAWS", "")
    from molsearch_app import server

    (runs / ".upload-old").mkdir(parents=True)
    os.utime(runs / ".upload-old", (0, 0))
    importlib.reload(server)
    assert list(runs.iterdir()) == []
