from __future__ import annotations

import socket
import tomllib
from pathlib import Path

import pytest

from molsearch.errors import UsageError
from molsearch.service import application as app


@pytest.mark.parametrize(
    ("host", "shared"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("box", True)],
)
def test_others_are_told_apart(host, shared):
    found = app.environment({"PYTHONPATH": "/x"}, tree=Path("/tree"), host=host)
    assert ("MOLSEARCH_APP_SHARED" in found) is shared
    assert found["PYTHONPATH"].split(":")[:2] == ["/tree", "/x"]
    installed = app.environment({"PYTHONPATH": "/x"}, tree=None, host=host)
    assert installed["PYTHONPATH"] == "/x"


@pytest.mark.parametrize(
    ("said", "given", "host", "expected"),
    [
        (True, "", "127.0.0.1", "1"),  # behind a proxy on this machine
        (False, "1", "0.0.0.0", "0"),
        (None, "1", "127.0.0.1", "1"),
        (None, "0", "0.0.0.0", "0"),
        (None, "", "0.0.0.0", "1"),
        (None, "", "127.0.0.1", ""),
    ],
)
def test_whether_it_is_shared_can_be_said(said, given, host, expected):
    environment = {"MOLSEARCH_APP_SHARED": given} if given else {}
    found = app.environment(environment, tree=None, host=host, shared=said)
    assert found.get("MOLSEARCH_APP_SHARED", "") == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHARED", "yes"),
        ("QUEUE", "0"),
        ("KEEP_DAYS", "-1"),
        ("KEEP_RUNS", "x"),
        ("QUOTA_GIB", "nan"),
    ],
)
def test_senseless_variables_are_usage_errors(name, value):
    with pytest.raises(UsageError, match=f"MOLSEARCH_APP_{name} is"):
        app.environment({f"MOLSEARCH_APP_{name}": value}, tree=None, host="127.0.0.1")


def test_nothing_is_sent_and_no_file_is_watched():
    line = " ".join(app.command(Path("s.py"), port=1, host="127.0.0.1", browser=False))
    assert "--browser.gatherUsageStats false" in line
    assert "--server.fileWatcherType none" in line
    assert "--server.address 127.0.0.1" in line


@pytest.mark.parametrize("browser", [True, False])
def test_streamlit_advertises_nothing_on_the_pages(browser):
    line = " ".join(app.command(Path("s.py"), port=1, host="127.0.0.1", browser=browser))
    assert "--logger.hideWelcomeMessage true" in line
    settings = tomllib.loads((app.server().parent / ".streamlit/config.toml").read_text())
    assert settings["logger"]["hideWelcomeMessage"] is True


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("127.0.0.1", "http://127.0.0.1:8501"),
        ("0.0.0.0", "http://localhost:8501"),
        ("::", "http://localhost:8501"),
        ("::1", "http://[::1]:8501"),
        ("box", "http://box:8501"),
    ],
)
def test_the_address_is_one_to_open(host, found):
    assert app.address(host, 8501) == found


def test_any_port_is_one_that_is_free():
    port = app.free_port("127.0.0.1")
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", port))
    with pytest.raises(UsageError, match="--host nowhere"):
        app.free_port("nowhere.invalid")


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5"])
def test_a_senseless_number_of_jobs_is_a_usage_error(jobs):
    with pytest.raises(UsageError, match="MOLSEARCH_APP_JOBS"):
        app.environment({"MOLSEARCH_APP_JOBS": jobs}, tree=Path("/tree"), host="127.0.0.1")
    given = {"MOLSEARCH_APP_JOBS": "3"}
    found = app.environment(given, tree=Path("/tree"), host="127.0.0.1")
    assert found["MOLSEARCH_APP_JOBS"] == "3"


def test_the_server_is_found_by_the_name_of_its_package(monkeypatch):
    assert app.server().read_text().startswith('"""The application as a server')
    monkeypatch.setattr(app, "_PACKAGE", "molsearch_app_that_is_not_there")
    with pytest.raises(UsageError, match="install molsearch anew"):
        app.server()
