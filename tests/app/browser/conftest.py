"""The application in a browser: a world of its own for each file of tests."""

from __future__ import annotations

import csv
import os
import subprocess
import sys

import pytest
from browsing import (
    PATIENCE_MS,
    QUERY,
    browsing,
    new_tab,
    serving,
)
from playwright.sync_api import expect

from molsearch_app import places

expect.set_options(timeout=PATIENCE_MS)
HOSTILE = ["<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "../../x"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """An empty world of runs, indexes and cache."""
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def library(world):
    """Some molecules of the example, three of them with hostile ids, and a broken row."""
    with places.example("library.csv").open(newline="", encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["drug_class"]][:40]
    path = world / "mine.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["smiles", "molecule_id", "name"])
        writer.writerow([QUERY, "query-itself", "gefitinib"])
        writer.writerow(["C1CC", "broken", ""])
        for row, name in zip(rows, [*HOSTILE, *(row["molecule_id"] for row in rows)], strict=False):
            writer.writerow([row["smiles"], name, row["name"]])
    return path


@pytest.fixture(scope="module")
def server(world, tmp_path_factory):
    """The application as a user starts it; the bundled library is indexed once a test session."""
    several = "PYTEST_XDIST_WORKER" in os.environ  # which share the parent of their folders
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if several else base) / "browser-cache"
    with serving(world, XDG_CACHE_HOME=str(cache)) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with browsing() as found:
        yield found


@pytest.fixture
def tab(browser, server):
    page = new_tab(browser, server)
    yield page
    assert page.dialogs == []
    assert page.refused == []  # nothing that the page needs is forbidden to it
    assert page.foreign == []
    page.context.close()


@pytest.fixture(scope="module")
def index(world, library):
    """A small index, which a screen searches in seconds."""
    place = world / "kept" / "small.index"  # alone there: a server may be shown no other
    subprocess.run(
        [sys.executable, "-m", "molsearch", "index", str(library), "-o", str(place)],
        check=True, capture_output=True,
    )  # fmt: skip
    return place
