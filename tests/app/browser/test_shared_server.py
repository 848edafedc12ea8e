"""Several people on one server, and a server that stops."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from browsing import (
    MARKS,
    QUERY,
    new_tab,
    paste,
    run_of,
    serving,
    settle,
    upload_library,
)

pytestmark = MARKS


def test_two_people_on_one_server_do_not_meet(tmp_path, browser, library, index):
    (tmp_path / "shared").mkdir()
    # A root of its own: beside the index lie the runs, and so the libraries, of other tests.
    index = Path(shutil.copytree(index, tmp_path / "root" / index.name))
    variables = {"MOLSEARCH_APP_SHARED": "1", "MOLSEARCH_ROOTS": str(index.parent)}
    with serving(tmp_path / "shared", **variables) as server:
        anna = new_tab(browser, server)
        paste(anna, f"{QUERY} annas")
        upload_library(anna, library)
        ben = new_tab(browser, server, f"/?index={index}")
        paste(ben, "CC(=O)Oc1ccccc1C(=O)O bens")
        anna.get_by_role("button", name="Screen with 1 query").click()
        hers = run_of(anna)
        ben.get_by_role("button", name="Screen with 1 query").click()
        his = run_of(ben)
        assert hers != his
        for page, name in ((anna, "annas"), (ben, "bens")):
            page.get_by_test_id("stDataFrame").first.wait_for()
            page.get_by_text("41 of 41 hits").wait_for()
            assert page.locator("h1", has_text=name).count() == 1
        anna.get_by_role("button", name="Add to shortlist").click()
        anna.get_by_text("Shortlist (1)").wait_for()
        ben.get_by_label("Find").fill("x")
        ben.get_by_label("Find").press("Enter")
        ben.get_by_text("Shortlist (0)").wait_for()
        runs = tmp_path / "shared" / "runs"
        assert len(json.loads((runs / hers / "shortlist.json").read_text())) == 1
        assert not (runs / his / "shortlist.json").exists()

        for page, own, other in ((anna, "annas", "bens"), (ben, "bens", "annas")):
            page.get_by_role("link", name="Screen").first.click()
            page.get_by_role("link", name=re.compile(f"{own} in")).wait_for()
            assert page.get_by_role("link", name=re.compile(f"{other} in")).count() == 0
        ben.get_by_role("link", name="Libraries").click()
        ben.get_by_role("combobox", name="Look at").click()
        ben.get_by_role("option", name=re.compile("small.index")).wait_for()
        assert ben.get_by_role("option", name=re.compile("library.index")).count() == 0
        anna.get_by_role("link", name="Libraries").click()
        anna.get_by_role("combobox", name="Look at").click()
        anna.get_by_role("option", name=re.compile("library.index")).wait_for()
        for page, own, other in ((anna, "annas", "bens"), (ben, "bens", "annas")):
            page.goto(f"{server}/")  # a new session of the same browser, which knows its runs
            page.get_by_role("link", name=re.compile(f"{own} in")).wait_for()
            assert page.get_by_role("link", name=re.compile(f"{other} in")).count() == 0
        ben.goto(f"{server}/results?run={hers}")  # who is given the address is let in
        ben.locator("h1", has_text="annas").wait_for()
        assert anna.foreign == ben.foreign == []
        anna.context.close()
        ben.context.close()


def test_a_server_that_stops_is_told_on_the_page(tmp_path, browser):
    told = "getComputedStyle(document.querySelector('[data-testid=stApp]'), '::before').content"
    with serving(tmp_path) as server:
        page = new_tab(browser, server)
        page.get_by_role("heading", name="Screen").wait_for()
        settle(page)
        assert "does not answer" not in page.evaluate(told)
    for _ in range(300):
        if "does not answer" in page.evaluate(told):
            break
        page.wait_for_timeout(100)
    assert "Runs that were started go on" in page.evaluate(told)
    page.context.close()
