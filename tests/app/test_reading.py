"""Every page in a real browser, light and dark: text that can be read, controls with names."""

from __future__ import annotations

import pytest
from app_runs import QUERY, finished_run
from browsing import browsing, dim_text, nameless, new_tab, paste, serving, settle
from fakes import FakeEncoder, library

from molsearch.index.writer import build_index

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A server with an index, a finished run, and a browser."""
    world = tmp_path_factory.mktemp("reading")
    build_index(library(world / "prepared", 60, bad_every=10), FakeEncoder(), world / "a.index")
    run_id = finished_run(world / "runs")
    with serving(world, XDG_CACHE_HOME=str(world / "cache")) as address, browsing() as browser:
        yield browser, address, run_id


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_and_controls_have_names(site, scheme):
    browser, address, run_id = site
    page = new_tab(browser, address, color_scheme=scheme, viewport={"width": 1000, "height": 768})
    paste(page, f"{QUERY} gefitinib\nC1CC bad one")
    found = {"screen": _look(page)}
    page.get_by_role("radio", name="Draw").click()
    oxygen = page.frame_locator("iframe[title*=ketcher]").get_by_role(
        "button", name="O", exact=True
    )
    oxygen.scroll_into_view_if_needed()
    place, frame = oxygen.bounding_box(), page.locator("iframe[title*=ketcher]").bounding_box()
    assert place["x"] + place["width"] <= frame["x"] + frame["width"]
    for path in (f"results?run={run_id}", "library", "benchmark", "model"):
        page.goto(f"{address}/{path}")
        found[path.split("?")[0]] = _look(page)
        wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert wide <= 1000, path
    page.goto(f"{address}/results?run={run_id}")
    settle(page)
    page.get_by_role("radio", name="Grid").click()
    page.locator(".st-key-grid .ms-card").first.wait_for()
    page.mouse.move(2, 2)
    found["grid"] = _look(page)
    assert found == dict.fromkeys(found, ({}, []))
    page.context.close()


def _look(page):
    settle(page)
    return dim_text(page), nameless(page)
