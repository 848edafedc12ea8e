from __future__ import annotations

from pathlib import Path

import pytest
from fakes import FakeEncoder, library
from streamlit.testing.v1 import AppTest

from molsearch.index.writer import build_index
from molsearch_app import jobs

HOME = Path(__file__).resolve().parents[2] / "app" / "Home.py"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """An empty world: nothing of this machine's runs or cache is seen."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("MOLSEARCH_RUNS", str(folder))
    monkeypatch.setenv("MOLSEARCH_ROOTS", str(tmp_path / "indexes"))
    monkeypatch.delenv("MOLSEARCH_APP_SHARED", raising=False)
    monkeypatch.delenv("MOLSEARCH_APP_DRAWS", raising=False)
    return folder


@pytest.fixture
def page(runs):
    """Open a page of the application, with the parameters of its address."""

    def opened(name: str = "screen", **parameters: str) -> AppTest:
        at = AppTest.from_file(str(HOME), default_timeout=120)
        at.run()
        for key, value in parameters.items():
            at.query_params[key] = value
        if name != "screen" or parameters:
            at.switch_page(f"page/{name}.py")
            at.run()
        assert not at.exception, at.exception
        return at

    return opened


@pytest.fixture
def started(monkeypatch):
    """Jobs are written but never run."""
    monkeypatch.setattr(jobs, "launch", lambda folder: None)


@pytest.fixture
def index(tmp_path):
    prepared = library(tmp_path / "prepared", 60, bad_every=10)
    place = tmp_path / "indexes" / "mine.index"
    build_index(prepared, FakeEncoder(), place)
    return place
