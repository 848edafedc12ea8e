"""Every button of the 3D viewer changes what it says it changes: pixels of the canvas."""

from __future__ import annotations

import functools
import http.server
import io
import threading
from pathlib import Path

import numpy as np
import pytest
from browsing import QUERY, browsing

import molsearch_app
from molsearch.chem.overlay import overlay

Image = pytest.importorskip("PIL.Image", reason="needs pillow (comes with streamlit)")
FOLDER = Path(molsearch_app.__file__).parent / "static" / "viewer"
HIT = "COc1cc2c(Nc3ccc(Br)cc3F)ncnc2cc1OCC1CCN(C)CC1"
THEMES = {
    "light": {"backgroundColor": "#fbfbfa", "textColor": "#1c2430"},
    "dark": {"backgroundColor": "#12161b", "textColor": "#e8ecf2"},
}
_PARENT = """<body style="margin:0"><iframe id="viewer" src="{address}" width="{width}" height="360"
  style="border:0"></iframe><script>
window.addEventListener("message", (event) => {{
  if (event.data.type === "streamlit:componentReady") window.ready = true;
}});
window.give = (args, theme) => document.getElementById("viewer").contentWindow.postMessage(
  {{ type: "streamlit:render", args, theme }}, "*");
</script></body>"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def server():
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    found = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=FOLDER)
    )
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{found.server_port}/index.html"
    found.shutdown()


@pytest.fixture(scope="module")
def browser():
    with browsing() as found:
        yield found


@pytest.fixture(scope="module")
def blocks():
    found = overlay(QUERY, HIT)
    return {"query": found.query_block, "hit": found.hit_block}


class Viewer:
    """The viewer in a page of its own, told what to show as Streamlit tells it."""

    def __init__(self, page, blocks, theme):
        self.page, self.theme = page, THEMES[theme]
        self.frame = page.frame_locator("#viewer")
        page.wait_for_function("window.ready")
        self.give(blocks)
        self.frame.locator("body[data-ready='1'] canvas").wait_for()

    def give(self, blocks):
        args = {**blocks, "height": 360, "name": "a hit"}
        self.page.evaluate("([args, theme]) => window.give(args, theme)", [args, self.theme])

    def press(self, name):
        self.frame.get_by_role("button", name=name).click()

    def seen(self):
        """Pixels of the canvas, ``[height, width, 3]``, once two looks at it are alike."""
        last = None
        for _ in range(60):
            now = self.look()
            if last is not None and np.array_equal(now, last):
                return now
            last = now
            self.page.wait_for_timeout(250)
        raise AssertionError("the picture does not come to rest")

    def look(self):
        data = self.frame.locator("#stage").screenshot()
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)

    def ground(self):
        colour = self.theme["backgroundColor"]
        return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


@pytest.fixture(params=["light", "dark"])
def viewer(browser, server, blocks, request):
    page = browser.new_page(viewport={"width": 560, "height": 380})
    page.set_default_timeout(120_000)
    page.set_content(_PARENT.format(address=server, width=540))
    yield Viewer(page, blocks, request.param)
    page.close()


def of_hit(pixels):
    """Count pixels of the hit's carbon: more green and blue than red."""
    red, green, blue = np.moveaxis(pixels, 2, 0)
    return int(((blue - red > 50) & (green - red > 40)).sum())


def of_query(pixels):
    """Count pixels of the query's carbon, a red with some blue in it."""
    red, green, blue = np.moveaxis(pixels, 2, 0)
    return int(((red - green > 60) & (red - blue > 50)).sum())


def changed(one, other, least=40):
    """Count pixels that differ so much that an eye sees it."""
    return int((np.abs(one - other).max(axis=2) >= least).sum())


def test_hit_and_query_are_shown_and_hidden(viewer):
    both = viewer.seen()
    assert of_hit(both) > 1000
    assert of_query(both) > 500
    viewer.press("hit")
    alone = viewer.seen()
    assert of_hit(alone) < 300  # nitrogen of the query is blue too
    assert of_query(alone) > 500
    viewer.press("hit")
    viewer.press("query")
    alone = viewer.seen()
    assert of_query(alone) < of_query(both) / 2  # oxygen of the hit is red too
    assert of_hit(alone) > 1000
    viewer.press("query")
    assert changed(viewer.seen(), both) < 50


def test_the_surface_is_there_to_be_seen_and_goes_again(viewer):
    plain = viewer.seen()
    viewer.press("surface")
    shown = viewer.seen()
    assert changed(shown, plain) > 10_000
    assert of_hit(shown) > 300  # what lies inside is still seen
    viewer.press("query")  # the query's volume without its sticks, which a hit may fill
    assert changed(viewer.seen(), plain) > 10_000
    viewer.press("query")
    viewer.press("surface")
    assert changed(viewer.seen(), plain) < 50


def test_the_surface_follows_the_next_hit_and_a_hasty_hand(viewer, blocks):
    plain = viewer.seen()
    for _ in range(4):  # each press begins a surface or ends one that is being made
        viewer.press("surface")
    assert changed(viewer.seen(), plain) < 50
    viewer.press("surface")
    viewer.give({**blocks, "hit": blocks["query"]})
    assert changed(viewer.seen(), plain) > 10_000
    viewer.press("surface")
    assert of_hit(viewer.seen()) > 1000


def test_spin_turns_until_it_is_pressed_again(viewer):
    still = viewer.seen()
    viewer.press("spin")
    viewer.page.wait_for_timeout(1500)
    assert changed(viewer.look(), still) > 1000
    viewer.press("spin")
    viewer.seen()  # it comes to rest


def test_reset_brings_a_turned_and_zoomed_view_back(viewer):
    before = viewer.seen()
    viewer.frame.locator("#stage").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "+", "+", "+"):
        viewer.page.keyboard.press(key)
    turned = viewer.seen()
    assert changed(turned, before) > 1000
    viewer.press("reset")
    assert changed(viewer.seen(), before) < 50


def test_the_ground_is_the_pages_in_light_and_dark(viewer):
    assert np.abs(viewer.seen()[5, 5] - viewer.ground()).max() <= 2


@pytest.mark.parametrize("width", [240, 540])
def test_every_button_is_in_reach_in_a_narrow_frame(browser, server, blocks, width):
    page = browser.new_page(viewport={"width": 560, "height": 380})
    page.set_content(_PARENT.format(address=server, width=width))
    viewer = Viewer(page, blocks, "light")
    for name in ("hit", "query", "surface", "spin", "reset"):
        box = viewer.frame.get_by_role("button", name=name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= 360
    page.close()
