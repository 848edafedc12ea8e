"""A screen without a mouse."""

from __future__ import annotations

import re

from browsing import (
    MARKS,
    QUERY,
    run_of,
    settle,
)
from playwright.sync_api import expect

pytestmark = MARKS


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
