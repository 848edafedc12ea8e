"""The application in a real browser: each test is what a user does, from a query to a file."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from app_runs import finished_run
from browsing import PATIENCE_MS, QUERY, browsing, new_tab, paste, run_of, serving, settle
from playwright.sync_api import expect

from molsearch_app import places

expect.set_options(timeout=PATIENCE_MS)
WEIGHTS = Path(places.__file__).parents[1] / "molsearch/weights/small/encoder.safetensors"
HOSTILE = ["<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "../../x"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(not WEIGHTS.is_file(), reason="no bundled encoder in this tree"),
]


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


def download(page, button) -> tuple[str, str]:
    """Name and content of the file behind a button."""
    with page.expect_download() as waiting:
        button.click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_text("utf-8")


def choose(page, label, option):
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def upload_library(page, library):
    page.get_by_role("radio", name="Upload").last.click()
    page.locator("input[type=file]").set_input_files(str(library))
    page.get_by_text("1 without a structure").wait_for()


def test_the_bundled_library_from_a_pasted_query_to_files(tab, world):
    paste(tab, f"{QUERY} gefitinib")
    tab.get_by_role("button", name="Screen with 1 query").click()
    run_id = run_of(tab)
    cancel = tab.get_by_role("button", name="Cancel")
    cancel.wait_for()
    tab.reload()  # in mid-run: the library is being prepared, and the address alone finds the run
    cancel.wait_for()
    assert run_of(tab) == run_id
    tab.get_by_test_id("stDataFrame").first.wait_for(timeout=1_500_000)
    tab.get_by_text("1,000 of 1,000 hits").wait_for()

    viewer = tab.frame_locator("iframe[src*=molsearch_overlay]")
    viewer.locator("body[data-ready='1'] canvas").first.wait_for(state="attached")

    # The map comes last, and with it the page runs once more.
    tab.get_by_text("Drawing the chemical-space map").wait_for(state="detached")
    settle(tab)

    find = tab.get_by_label("Find")
    find.fill("EGFR")
    find.press("Enter")
    hits = pd.read_parquet(world / "runs" / run_id / "hits.parquet")
    wanted = hits[hits["drug_class"].fillna("").str.contains("EGFR")]
    assert 4 < len(wanted) < 60
    tab.get_by_text(f"{len(wanted)} of 1,000 hits").wait_for()
    tab.get_by_role("button", name="Filter", exact=False).first.click()
    tab.get_by_text("Hide structural alerts").click()
    wanted = wanted[wanted["alerts"].fillna("") == ""]
    assert len(wanted) > 2
    tab.get_by_text(f"{len(wanted)} of 1,000 hits").wait_for()
    tab.keyboard.press("Escape")
    choose(tab, "Sort by", "ECFP4, least similar first")
    tab.get_by_text(f"{len(wanted)} hits", exact=True).wait_for()
    ordered = wanted.sort_values(["ecfp4_similarity", "rank"])["molecule_id"].tolist()
    tab.get_by_role("radio", name="Grid").click()
    cards = tab.locator(".st-key-grid .ms-card .top b")
    ranks = wanted.set_index("molecule_id")["rank"]
    numbers = wanted.set_index("molecule_id")["record_number"]
    cards.first.filter(has_text=f"{ranks[ordered[0]]} · ").wait_for()
    settle(tab)  # the buttons at the foot come last; until then they give the list as it was

    _, text = download(tab, tab.get_by_role("button", name="csv", exact=True))
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["molecule_id"] for row in rows] == ordered
    library = pd.read_csv(places.example("library.csv"), dtype=str).set_index("molecule_id")
    assert all(library.loc[row["molecule_id"], "name"] == row["name"] for row in rows)

    kept = ordered[:2]
    for name in kept:
        tab.get_by_role("button", name=f"Look at {ranks[name]}", exact=True).click()
        panel = tab.locator(".st-key-hit-panel")
        panel.locator("b").filter(has_text=f"{ranks[name]} · ").wait_for()
        panel.get_by_role("button", name="Add to shortlist").click()
        note = panel.locator(f".st-key-note-{numbers[name]}").get_by_label("Note")
        note.fill(f"buy {name}, 5 mg")
        note.press("Enter")
        tab.get_by_text(f"Shortlist ({kept.index(name) + 1})").wait_for()
    tab.get_by_text("the shortlist", exact=True).click()
    tab.get_by_text("2 hits", exact=True).wait_for()
    _, text = download(tab, tab.get_by_role("button", name="csv", exact=True))
    noted = {row["molecule_id"]: row["note"] for row in csv.DictReader(text.splitlines())}
    assert noted == {name: f"buy {name}, 5 mg" for name in kept}
    name, text = download(tab, tab.get_by_role("button", name="HTML report"))
    assert re.fullmatch(r"[A-Za-z0-9._-]+\.html", name)
    assert all(name in text for name in kept)
    assert "<svg" in text
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)  # it needs no network

    tab.get_by_role("button", name="Align 2 hits").click()
    name, text = download(tab, tab.get_by_role("button", name="sdf, 2 aligned poses"))
    assert re.fullmatch(r"[A-Za-z0-9._-]+\.sdf", name)
    poses = [entry(block) for block in text.split("$$$$\n") if block.strip()]
    assert [tags["role"] for _, tags in poses] == ["query", "hit", "hit"]
    assert {tags["molecule_id"] for _, tags in poses[1:]} == set(kept)
    for centre, tags in poses[1:]:
        assert sum((a - b) ** 2 for a, b in zip(centre, poses[0][0], strict=True)) < 9.0
        assert float(tags["shape_tanimoto"]) > 0.4
    again = new_tab(tab.context.browser, tab.url.split("/results")[0], f"/results?run={run_id}")
    again.get_by_text("Shortlist (2)").wait_for()  # it lies in the run, not in the tab
    again.context.close()


def entry(block):
    """Centre of the atoms of an SDF entry, and its tags."""
    lines = block.splitlines()
    count = int(lines[3][:3])
    atoms = [[float(line[i : i + 10]) for i in (0, 10, 20)] for line in lines[4 : 4 + count]]
    centre = [sum(axis) / count for axis in zip(*atoms, strict=True)]
    tags = dict(re.findall(r"> +<([^>]+)>.*\n(.*)\n", block))
    return centre, tags


def test_an_upload_with_hostile_ids_is_screened_and_taken_away(tab, library, world):
    paste(tab, f"{QUERY} my <b>query</b>")
    upload_library(tab, library)
    tab.get_by_role("button", name="Screen with 1 query").click()
    run_of(tab)
    tab.reload()
    tab.get_by_test_id("stDataFrame").first.wait_for()
    assert tab.get_by_text("41 of 41 hits").count() == 1
    assert tab.locator("h1", has_text="my <b>query</b> in mine.csv").count() == 1

    find = tab.get_by_label("Find")
    find.fill("cmd")
    find.press("Enter")
    tab.get_by_text("1 of 41 hits").wait_for()
    tab.get_by_text("1 hit", exact=True).wait_for()
    name, text = download(tab, tab.get_by_role("button", name="csv", exact=True))
    (row,) = csv.DictReader(text.splitlines())
    assert row["molecule_id"] == HOSTILE[1]
    assert name == "my_b_query_b_in_mine-shown.csv"
    assert not list((world / "runs").glob(".upload-*"))


def test_a_query_is_drawn_in_the_sketcher_and_screened(tab):
    tab.get_by_role("radio", name="Draw").click()
    sketcher = tab.frame_locator("iframe[title*=ketcher]")
    sketcher.locator("[data-testid=template-0], button[title*=Benzene]").first.click()
    box = tab.locator("iframe[title*=ketcher]").bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + 200)
    sketcher.get_by_role("button", name="Apply").click()
    chip = tab.locator(".ms-chip", has_text="drawn 1")
    chip.locator("img[alt='structure c1ccccc1']").wait_for()
    tab.get_by_role("button", name="Screen with 1 query").click()
    run_of(tab)
    tab.locator("h1", has_text="drawn 1 in bundled example").wait_for()
    tab.get_by_text("1,000 of 1,000 hits").wait_for(timeout=1_500_000)
    strip = tab.locator(".ms-chip", has_text="drawn 1")
    strip.locator("img[alt='structure c1ccccc1']").wait_for()


@pytest.fixture(scope="module")
def index(world, library):
    """A small index, which a screen searches in seconds."""
    place = world / "kept" / "small.index"  # alone there: a server may be shown no other
    subprocess.run(
        [sys.executable, "-m", "molsearch", "index", str(library), "-o", str(place)],
        check=True, capture_output=True,
    )  # fmt: skip
    return place


def focused(page) -> str:
    """What has the keyboard, in words."""
    return str(
        page.evaluate(
            "(() => { const one = document.activeElement; return one.getAttribute('aria-label')"
            " || one.labels?.[0]?.innerText"
            " || one.matches('a, button, summary, [role]:not([role=main])') && one.innerText"
            " || one.tagName; })()"
        )
    )


def tab_to(page, words, most=60):
    """Press Tab until something with these words has the keyboard, visibly."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if words in focused(page):
            seen = page.evaluate(
                "(() => { const style = getComputedStyle(document.activeElement);"
                " return style.outlineStyle !== 'none' || style.boxShadow !== 'none'; })()"
            )
            assert seen or page.evaluate("document.activeElement.matches('input, textarea')")
            return
    raise AssertionError(f"Tab does not reach {words!r}")


def test_a_screen_by_the_keyboard_alone(tab, server, index):
    tab.goto(f"{server}/?index={index}")
    tab.get_by_label("SMILES or InChI, one a line; a name may follow").wait_for()
    index_box = tab.get_by_role("combobox", name="Index", exact=True)
    expect(index_box).to_have_value(re.compile("mine.csv · 41 molecules"))
    tab_to(tab, "SMILES or InChI")
    tab.keyboard.type(f"{QUERY} gefitinib")
    tab.keyboard.press("Control+Enter")
    tab.locator(".ms-chip img").wait_for()
    settle(tab)  # the button comes after the drawn query; disabled it is passed over
    tab_to(tab, "Screen with 1 query")
    tab.keyboard.press("Enter")
    run_of(tab)
    tab.get_by_role("region", name=re.compile("41 hits")).wait_for()
    tab.locator(".st-key-hit-panel b").first.wait_for()
    settle(tab)
    tab_to(tab, "Table")
    for _ in range(8):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    panel = tab.locator(".st-key-hit-panel b").first
    tab.keyboard.press("ArrowDown")
    panel.filter(has_text=re.compile(r"^2 · ")).wait_for()
    tab.keyboard.press("ArrowDown")
    panel.filter(has_text=re.compile(r"^3 · ")).wait_for()


def test_notes_of_the_shortlist_stay_with_their_hits(tab, server, world):
    run_id = finished_run(world / "runs")
    kept = world / "runs" / run_id / "shortlist.json"

    def holds(expected):
        for _ in range(100):
            if json.loads(kept.read_text()) == expected:
                return
            tab.wait_for_timeout(100)
        assert json.loads(kept.read_text()) == expected

    def type_in_row(row, text):
        """Note a hit in the editor, which draws its cells itself: 35 pixels a line."""
        settle(tab)
        editor = tab.locator("[class*=st-key-shortlist-editor]")
        editor.scroll_into_view_if_needed()
        box = editor.bounding_box()
        # By way of the id: a click on a note opens it or not, as it was marked before or not.
        tab.mouse.click(box["x"] + 300, box["y"] + 35 * (row + 1) + 17)
        for column in (1, 2, 3):
            marked = editor.locator(f"[data-testid=glide-cell-{column}-{row}]")
            expect(marked).to_have_attribute("aria-selected", "true")
            tab.keyboard.press("ArrowRight" if column < 3 else "Enter")
        cell = tab.locator(".gdg-input")
        cell.fill("")
        cell.press_sequentially(text, delay=50)
        tab.wait_for_timeout(300)  # the cell takes over its text a little later than it shows it
        cell.press("Enter")

    tab.goto(f"{server}/results?run={run_id}")
    tab.get_by_role("radio", name="Grid").click()
    panel = tab.locator(".st-key-hit-panel")
    for count, rank in enumerate((2, 3, 4), start=1):
        tab.get_by_role("button", name=f"Look at {rank}", exact=True).click()
        panel.locator("b").filter(has_text=f"{rank} · ").wait_for()
        panel.get_by_role("button", name="Add to shortlist").click()
        tab.get_by_text(f"Shortlist ({count})").wait_for()
    type_in_row(0, "first")
    holds({"2": "first", "3": "", "4": ""})
    type_in_row(1, "second")
    holds({"2": "first", "3": "second", "4": ""})

    # Noted anew beside the structure, and another hit looked at in the same moment.
    tab.get_by_role("button", name="Look at 2", exact=True).click()
    note = panel.locator(".st-key-note-2").get_by_label("Note")
    expect(note).to_have_value("first")
    note.fill("better")
    tab.get_by_role("button", name="Look at 3", exact=True).click()
    expect(panel.locator(".st-key-note-3").get_by_label("Note")).to_have_value("second")
    holds({"2": "better", "3": "second", "4": ""})
    type_in_row(2, "third")
    holds({"2": "better", "3": "second", "4": "third"})

    # Rows move up when a hit is taken off: no note may move with its row.
    panel.get_by_role("button", name="Remove").click()
    tab.get_by_text("Shortlist (2)").wait_for()
    type_in_row(1, "last")
    holds({"2": "better", "4": "last"})


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
