"""Notes of the shortlist stay with their hits."""

from __future__ import annotations

import json

from app_runs import finished_run
from browsing import (
    MARKS,
    settle,
)
from playwright.sync_api import expect

pytestmark = MARKS


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
