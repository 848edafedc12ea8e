"""The application in a real browser: from a pasted query to a file, with a reload in mid-run."""

from __future__ import annotations

import csv
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from app import places

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra dev)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WEIGHTS = Path(places.__file__).parents[1] / "molsearch/weights/small/encoder.safetensors"
QUERY = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1"
HOSTILE = ["<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "../../x"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(420),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: chromium)"),
    pytest.mark.skipif(not WEIGHTS.is_file(), reason="no bundled encoder in this tree"),
]


@pytest.fixture
def library(tmp_path):
    """Some molecules of the example, three of them with hostile ids, and a broken row."""
    with places.example("library.csv").open(newline="", encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["drug_class"]][:40]
    path = tmp_path / "mine.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["smiles", "molecule_id", "name"])
        writer.writerow([QUERY, "query-itself", "gefitinib"])
        writer.writerow(["C1CC", "broken", ""])
        for row, name in zip(rows, [*HOSTILE, *(row["molecule_id"] for row in rows)], strict=False):
            writer.writerow([row["smiles"], name, row["name"]])
    return path


@pytest.fixture
def server(tmp_path):
    """The application as a user starts it, with an empty world of runs and indexes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "MOLSEARCH_RUNS": str(tmp_path / "runs"),
        "MOLSEARCH_ROOTS": str(tmp_path),
    }
    log = (tmp_path / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "molsearch", "app", "--no-browser", "--port", str(port)],
        env=environment, stdout=log, stderr=log, cwd=tmp_path,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
            break
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, (tmp_path / "server.log").read_text()
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.2)
    yield address
    process.terminate()
    process.wait(20)
    log.close()


@pytest.fixture
def tab(server):
    """A browser tab that remembers what a page must never do."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--enable-unsafe-swiftshader", "--use-gl=swiftshader"],
        )
        page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        page.set_default_timeout(120_000)
        page.dialogs, page.foreign = [], []

        def dismiss(dialog):
            page.dialogs.append(dialog.message)
            dialog.dismiss()

        def watch(request):
            if not request.url.startswith((server, "data:", "blob:", server.replace("http", "ws"))):
                page.foreign.append(request.url)

        page.on("dialog", dismiss)
        page.on("request", watch)
        page.goto(server)
        yield page
        browser.close()


def test_from_a_pasted_query_to_a_file(tab, library):
    text = tab.get_by_label("SMILES or InChI, one a line; a name may follow")
    text.fill(f"{QUERY} my <b>query</b>")
    text.press("Control+Enter")
    tab.locator(".ms-chip img").wait_for()
    tab.get_by_text("Upload", exact=True).last.click()
    tab.locator("input[type=file]").set_input_files(str(library))
    tab.get_by_text("1 without a structure").wait_for()
    tab.get_by_role("button", name="Screen with 1 query").click()

    tab.wait_for_url(re.compile("run=screen-"))
    tab.reload()  # in mid-run: the address alone finds it again
    tab.get_by_test_id("stDataFrame").first.wait_for()
    assert tab.get_by_text("41 of 41 hits").count() == 1
    assert tab.locator("h1", has_text="my <b>query</b> in mine.csv").count() == 1

    viewer = tab.frame_locator("iframe[title*=molsearch_overlay]")
    viewer.locator("body[data-ready='1'] canvas").first.wait_for(state="attached")

    find = tab.get_by_label("Find")
    find.fill("cmd")
    find.press("Enter")
    tab.get_by_text("1 of 41 hits").wait_for()
    tab.get_by_text("1 hit", exact=True).wait_for()
    with tab.expect_download() as waiting:
        tab.get_by_role("button", name="csv", exact=True).click()
    with Path(waiting.value.path()).open(newline="", encoding="utf-8") as handle:
        (row,) = csv.DictReader(handle)
    assert row["molecule_id"] == "'=cmd|' /C calc'!A0"
    assert re.fullmatch(r"[A-Za-z0-9._-]+\.csv", waiting.value.suggested_filename)
    assert tab.dialogs == []
    assert tab.foreign == []
