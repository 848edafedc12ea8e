"""What a user does, from a query to a file."""

from __future__ import annotations

import csv
import re

import pandas as pd
from browsing import (
    MARKS,
    QUERY,
    choose,
    download,
    new_tab,
    paste,
    run_of,
    settle,
    upload_library,
)

from molsearch_app import places

HOSTILE = ["<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "../../x"]

pytestmark = MARKS


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
