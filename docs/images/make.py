"""Take the README's pictures with a headless Chromium.

Usage: ``python docs/images/make.py page [demo/sitagliptin.html]`` for the demo's page, after
``make demo``; ``python docs/images/make.py app [FOLDER]`` for the web application: it screens the
bundled library and photographs every page, light and dark, at two widths. README's pictures are
written here; all others into FOLDER, to be looked at.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parents[2]))

from browsing import browsing, new_tab, paste, run_of, serving, settle

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1]
MAX_BYTES = 300_000
QUERIES = (
    "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1 gefitinib\n"
    "Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F celecoxib"
)
# README's: which picture of the application goes by which name.
KEPT = {
    "screen-light-1366": "app-screen.png",
    "results-light-1366": "app-results.png",
    "results-dark-1366": "app-results-dark.png",
    "map-light-1366": "app-map.png",
}
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip


def picture(page: Path, out: Path, *, width: int = 1360, height: int = 1010) -> None:
    """Write a screenshot of the top of `page` to `out`, a PNG."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no Chromium found; install one")
    with tempfile.TemporaryDirectory() as profile:
        options = (f"--user-data-dir={profile}", f"--window-size={width},{height}")
        subprocess.run(
            [browser, *_QUIET, *options, f"--screenshot={out}", page.resolve().as_uri()],
            check=True,
            capture_output=True,
            timeout=600,
        )
    small(out)


def small(path: Path) -> None:
    """Refuse a picture that is too large to be kept in the repository."""
    if path.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{path} has {path.stat().st_size:,} bytes, more than {MAX_BYTES:,}")


def application(folder: Path) -> None:
    """Photograph the application; its runs and cache are kept in `folder` for the next time."""
    world = folder / "world"
    world.mkdir(parents=True, exist_ok=True)
    places = {"XDG_CACHE_HOME": str(world / "cache"), "MOLSEARCH_ROOTS": str(world / "cache")}
    with serving(world, **places) as server, browsing() as browser:
        run_id = finished(browser, server, world)
        for width in (1366, 1000):
            for scheme in ("light", "dark"):
                tab = new_tab(
                    browser, server, color_scheme=scheme, viewport={"width": width, "height": 860}
                )
                for name, shown in VIEWS.items():
                    shown(tab, server, run_id)
                    place = folder / f"{name}-{scheme}-{width}.png"
                    tab.screenshot(path=place)
                    if place.stem in KEPT:
                        small(place)
                        shutil.copyfile(place, HERE / KEPT[place.stem])
                    print(place, flush=True)
                tab.context.close()


def finished(browser: Any, server: str, world: Path) -> str:
    """Run id of a finished screen with both queries: one of an earlier call, else a new one."""
    for place in sorted((world / "runs").glob("screen-*/map.parquet")):
        if "gefitinib, celecoxib" in (place.parent / "job.json").read_text():
            return place.parent.name
    tab = new_tab(browser, server)
    paste(tab, QUERIES)
    tab.get_by_role("button", name="Screen with 2 queries").click()
    run_id = run_of(tab)
    tab.get_by_test_id("stDataFrame").first.wait_for(timeout=1_800_000)
    tab.get_by_text("chemical-space map").wait_for(state="detached")
    tab.context.close()
    return run_id


def _screen(tab: Any, server: str, run_id: str) -> None:
    tab.goto(server)
    settle(tab)
    tab.get_by_role("radio", name="Examples").click()
    tab.locator(".ms-chip img").first.wait_for()
    _still(tab)


def _draw(tab: Any, server: str, run_id: str) -> None:
    tab.get_by_role("radio", name="Draw").click()
    sketcher = tab.frame_locator("iframe[title*=ketcher]")
    sketcher.locator("[data-testid=template-0], button[title*=Benzene]").first.click()
    box = tab.locator("iframe[title*=ketcher]").bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + 200)
    _still(tab)


def _options(tab: Any, server: str, run_id: str) -> None:
    tab.get_by_role("radio", name="Paste").click()
    paste(tab, f"{QUERIES}\nC1CC broken")
    tab.get_by_text("Hits, filters, encoder").click()
    tab.get_by_text("Known inactives").click()
    _still(tab)


def _results(tab: Any, server: str, run_id: str) -> None:
    tab.goto(f"{server}/results?run={run_id}")
    settle(tab)
    _overlaid(tab)


def _foot(tab: Any, server: str, run_id: str) -> None:
    tab.get_by_text("Take away").scroll_into_view_if_needed()
    tab.get_by_text("Reproduce this run").click()
    tab.get_by_text("In a terminal:").scroll_into_view_if_needed()
    _still(tab)


def _overlaid(tab: Any) -> None:
    viewer = tab.frame_locator("iframe[src*=molsearch_overlay]")
    viewer.locator("body[data-ready='1'] canvas").first.wait_for(state="attached")
    _still(tab)


def _view(label: str, waits_for: str) -> Callable[[Any, str, str], None]:
    def shown(tab: Any, server: str, run_id: str) -> None:
        tab.get_by_role("radio", name=label, exact=True).click()
        tab.locator(waits_for).first.wait_for()
        _still(tab)

    return shown


def _page(path: str) -> Callable[[Any, str, str], None]:
    def shown(tab: Any, server: str, run_id: str) -> None:
        tab.goto(f"{server}/{path}")
        _still(tab)

    return shown


def _below(distance: int) -> Callable[[Any, str, str], None]:
    def shown(tab: Any, server: str, run_id: str) -> None:
        tab.locator("[data-testid=stMain]").evaluate(f"one => one.scrollBy(0, {distance})")
        _still(tab)

    return shown


def _still(tab: Any) -> None:
    """Wait until nothing moves: the page has run, its pictures are there."""
    settle(tab)
    tab.wait_for_function("[...document.images].every((one) => one.complete)")
    tab.mouse.move(2, 2)
    tab.wait_for_timeout(1500)


VIEWS: dict[str, Callable[[Any, str, str], None]] = {
    "screen": _screen,
    "draw": _draw,
    "options": _options,
    "results": _results,
    "2d": _view("2D", ".ms-pair img"),
    "properties": _view("Properties", ".ms-radar img"),
    "grid": _view("Grid", ".st-key-grid .ms-card"),
    "scaffolds": _view("Scaffolds", ".ms-pair img"),
    "novelty": _view("Novelty", "[data-testid=stVegaLiteChart] :is(canvas, svg)"),
    "map": _view("Map", "[data-testid=stVegaLiteChart] :is(canvas, svg)"),
    "foot": _foot,
    "library": _page("library"),
    "library-2": _below(700),
    "benchmark": _page("benchmark"),
    "benchmark-2": _below(700),
    "benchmark-3": _below(700),
    "encoder": _page("model"),
    "encoder-2": _below(700),
    "encoder-3": _below(700),
}


def main(arguments: list[str]) -> None:
    """Take the pictures that the command line asks for."""
    match arguments:
        case ["page", *rest]:
            picture(
                Path(rest[0]) if rest else TREE / "demo" / "sitagliptin.html", HERE / "hits.png"
            )
        case ["app", *rest]:
            application(Path(rest[0] if rest else tempfile.mkdtemp(prefix="molsearch-pictures-")))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
