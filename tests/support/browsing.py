"""The application as a user starts it, and a real browser to look at it with."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from processes import ending

from molsearch_app import places

_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)
PASTE = "SMILES or InChI, one a line; a name may follow"
QUERY = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1"
# Waits end as soon as what they wait for is there: on a busy machine a screen takes minutes.
PATIENCE_MS = 480_000
# Without the watchdog a busy machine does not end the process that draws WebGL.
_FLAGS = [
    "--no-sandbox", "--enable-unsafe-swiftshader", "--use-gl=swiftshader", "--disable-gpu-watchdog",
]  # fmt: skip

WEIGHTS = Path(places.__file__).parents[1] / "molsearch/weights/small/encoder.safetensors"
MARKS = [
    pytest.mark.browser,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(not WEIGHTS.is_file(), reason="no bundled encoder in this tree"),
]

# Text whose contrast with what lies behind it is too low (WCAG AA), with the contrast.
_DIM = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (text) => {
    context.clearRect(0, 0, 1, 1); context.fillStyle = "#000"; context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const v = c[i] / 255;
    return sum + weight * (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  }, 0);
  const found = {};
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    const text = node.textContent.trim(), holder = node.parentElement;
    const seen = holder.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!text || !seen) continue;
    if (holder.closest("[disabled], [aria-disabled=true], canvas, style, script, svg")) continue;
    if (holder.closest("[data-testid=stIconMaterial]")) continue;  // a picture, though of letters
    const range = document.createRange(); range.selectNode(node);
    if (range.getBoundingClientRect().width < 2) continue;
    let behind = [255, 255, 255, 1], alpha = 1;
    const chain = [];
    for (let one = holder; one; one = one.parentElement) chain.unshift(one);
    for (const one of chain) {
      const style = getComputedStyle(one);
      alpha *= Number(style.opacity);
      behind = over(parse(style.backgroundColor), behind);
    }
    const style = getComputedStyle(holder), colour = parse(style.color);
    colour[3] *= alpha;
    const [high, low] = [light(over(colour, behind)), light(behind)].sort((x, y) => y - x);
    const least = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < least) found[text.slice(0, 60)] = Number(contrast.toFixed(2));
  }
  return found;
}"""

# What the keyboard reaches but nobody who listens could tell apart, and pictures without words.
_NAMELESS = """() => [...document.querySelectorAll(
    "a, button, input, textarea, select, iframe, img, [data-testid=stDataFrameResizable]")]
  .filter((one) => one.checkVisibility() && (one.tabIndex >= 0 || one.matches("img, div")))
  .filter((one) => !(one.getAttribute("aria-label") || one.getAttribute("alt") || one.title
    || one.innerText?.trim() && !one.matches("div") || one.labels?.length
    || one.getAttribute("aria-labelledby")))
  .map((one) => one.outerHTML.slice(0, 200))"""


_SETTLED = (
    "!document.querySelector('[data-stale=true], [data-testid=stSkeleton]')"
    " && !document.querySelector('[data-testid=stApp][data-test-script-state=running]')"
)


@contextlib.contextmanager
def serving(world: Path, **variables: str) -> Iterator[str]:
    """Start the application with its runs, indexes and cache below a folder; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "MOLSEARCH_RUNS": str(world / "runs"),
        "MOLSEARCH_ROOTS": str(world),
        **variables,
    }
    command = [sys.executable, "-m", "molsearch", "app", "--no-browser", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with answering(command, address, world / "server.log", environment, world):
        yield address


@contextlib.contextmanager
def answering(
    command: Sequence[str | Path], address: str, log: Path, variables: dict[str, str], cwd: Path
) -> Iterator[str]:
    """Start a server, give its address once it answers there, and end it."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=variables, stdout=said, stderr=said, cwd=cwd)
        with ending(process, PATIENCE_MS / 1000):
            _wait(process, address, log)
            yield address


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.2)
        else:
            return


@contextlib.contextmanager
def browsing() -> Iterator[Any]:
    """Start a Chromium that draws WebGL without a graphics card."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


def new_tab(browser: Any, server: str, path: str = "/", **context: Any) -> Any:
    """Open a tab, in a browser context of its own, that remembers what a page must never do."""
    given = {"viewport": {"width": 1366, "height": 768}, **context}
    page = browser.new_context(**given).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.dialogs, page.foreign, page.refused = [], [], []

    def dismiss(dialog: Any) -> None:
        page.dialogs.append(dialog.message)
        dialog.dismiss()

    def watch(request: Any) -> None:
        if not request.url.startswith((server, "data:", "blob:", server.replace("http", "ws"))):
            page.foreign.append(request.url)

    def listen(message: Any) -> None:
        if "Content Security Policy" in message.text:
            page.refused.append(message.text)

    page.on("console", listen)
    page.on("dialog", dismiss)
    page.on("request", watch)
    page.goto(server + path)
    return page


def settle(page: Any) -> None:
    """Wait until the page has run to its end and nothing of it is an old run's."""
    page.locator(".ms-foot").first.wait_for()
    # Asked from outside: the page's own policy forbids it to evaluate text.
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(_SETTLED):
        assert time.monotonic() < deadline, "the page does not come to its end"
        page.wait_for_timeout(100)


def paste(page: Any, text: str) -> None:
    """Give queries as text, and wait until the first is drawn."""
    area = page.get_by_label(PASTE)
    area.fill(text)
    area.press("Control+Enter")
    page.locator(".ms-chip img").first.wait_for()


def run_of(page: Any) -> str:
    """Run id in a page's address."""
    page.wait_for_url(re.compile("run=screen-"))
    found = re.search(r"run=(screen-[0-9a-f]{16})", page.url)
    assert found is not None
    return found[1]


def dim_text(page: Any) -> dict[str, float]:
    """Text on the page that is too dim to read, with its contrast."""
    return dict(page.evaluate(_DIM))


def nameless(page: Any) -> list[str]:
    """Controls and pictures on the page without a name for who does not see them."""
    return list(page.evaluate(_NAMELESS))


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
