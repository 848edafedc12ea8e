"""How soon the web application paints, and how smoothly a table of 10,000 hits scrolls.

    python benchmarks/app_paint.py [-o results/app-paint.json]

In a headless Chromium on this machine (no graphics card, no network), at 1366 × 768. Paint is the
time from the start of a navigation to the second frame after the page's heading is on the screen:
the frame before holds it. *Cold* is the first page that a server just started gives to a browser
just started; *warm* is the same page again and again in a tab of its own. The table is that of a
finished run with 10,000 hits, whose drawings the server makes as rows come into sight. Frames
are the times between calls of requestAnimationFrame while the page scrolls itself a step a
frame; *still* are those of the same page left alone, which tell what the machine adds.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from app_runs import finished_run, hit_frame
from browsing import browsing, new_tab, serving, settle

from molsearch.io.atomic import write_text
from molsearch.io.runs import processor
from molsearch.schema import MOLECULE_ID, RANK, RECORD_NUMBER, SCORE
from molsearch_app import places

RESULT = Path(__file__).parents[1] / "results" / "app-paint.json"
HITS = 10_000
FRAMES = 240
# A turn of a wheel is some 100 px; a hand on the scroll bar crosses the list in seconds.
STEPS = {"still": 0, "wheel": 60, "bar": 3800}
PAGES = {"screen": "", "results": "results?run={run}", "libraries": "library",
         "benchmarks": "benchmark", "encoder": "model"}  # fmt: skip

# Notes the time of the second frame after the heading has a size.
_WATCH = """(() => {
  const look = () => {
    const found = document.querySelector("[data-testid=stMain] h1");
    if (found && found.getBoundingClientRect().height > 0) {
      requestAnimationFrame(() => { window.painted = performance.now(); });
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""

_SCROLL = """([frames, step]) => new Promise((done) => {
  const table = document.querySelector("[data-testid=stDataFrame] .dvn-scroller");
  const deltas = [];
  let before = performance.now();
  const next = (now) => {
    deltas.push(now - before); before = now;
    table.scrollTop += step;
    if (deltas.length > frames) done([deltas.slice(1), table.scrollTop]);
    else requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})"""


def many_hits() -> pd.DataFrame:
    """Hit list of the bundled library's molecules, over and over, each under an id of its own."""
    with places.example("library.csv").open(newline="", encoding="utf-8") as handle:
        smiles = [row["smiles"] for row in csv.DictReader(handle)][:200]
    rng = np.random.default_rng(0)
    few = hit_frame([(one, "x", 0.5, float(rng.random())) for one in smiles if "." not in one])
    frame = few.sample(HITS, replace=True, random_state=0).reset_index(drop=True)
    number = np.arange(1, HITS + 1)
    frame[RANK], frame[RECORD_NUMBER] = number, number
    frame[SCORE] = np.linspace(1, 0.2, HITS)
    frame[MOLECULE_ID] = [f"Z{one:08d}" for one in number]
    return frame


def paint(tab: Any, address: str) -> dict[str, float]:
    """Seconds to a page's first meaningful paint, and to its end."""
    began = time.perf_counter()
    tab.goto(address, wait_until="commit")
    while not tab.evaluate("window.painted > 0"):  # the page's policy lets it evaluate no text
        tab.wait_for_timeout(20)
    painted = float(tab.evaluate("window.painted")) / 1000
    settle(tab)
    return {"painted": round(painted, 3), "settled": round(time.perf_counter() - began, 3)}


def page_times(world: Path, path: str, repeats: int) -> dict[str, Any]:
    """Measure one page: on a server and a browser just started, then again and again."""
    with serving(world, XDG_CACHE_HOME=str(world / "cache")) as server, browsing() as browser:
        load = [round(one, 2) for one in os.getloadavg()]
        tab = new_tab(browser, server, "/_stcore/health")
        tab.add_init_script(_WATCH)
        cold = paint(tab, f"{server}/{path}")
        again = [paint(tab, f"{server}/{path}") for _ in range(repeats)]
    median = statistics.median(one["painted"] for one in again)
    return {
        "load_average": load,
        "cold": cold,
        "warm": again,
        "warm_median_painted": round(median, 3),
    }


def table_times(world: Path, run_id: str) -> dict[str, Any]:
    """Time to show a table of 10,000 hits, and its frame times while it scrolls."""
    with serving(world, XDG_CACHE_HOME=str(world / "cache")) as server, browsing() as browser:
        page = new_tab(browser, server)
        settle(page)
        page.context.close()
        tab = new_tab(browser, server, "/_stcore/health")
        began = time.perf_counter()
        tab.goto(f"{server}/results?run={run_id}", wait_until="commit")
        tab.get_by_text(f"{HITS:,} of {HITS:,} hits").wait_for()
        tab.locator("[data-testid=stDataFrame] canvas").first.wait_for()
        shown = time.perf_counter() - began
        settle(tab)
        tab.wait_for_timeout(3000)
        frames = {}
        for name, step in STEPS.items():
            deltas, reached = tab.evaluate(_SCROLL, [FRAMES, step])
            assert reached >= step * FRAMES * 0.95, f"the table did not scroll: {reached} px"
            frames[name] = {"px_a_frame": step, **spread(deltas)}
            tab.evaluate(_SCROLL, [1, -HITS * 100])
            tab.wait_for_timeout(1500)
    return {"hits": HITS, "seconds_to_show": round(shown, 3), "frames_ms": frames}


def spread(deltas: list[float]) -> dict[str, float]:
    """Median, 95th percentile and longest of frame times in ms, and the share above 50 ms."""
    values = np.array(deltas)
    return {
        "median": round(float(np.median(values)), 1),
        "p95": round(float(np.percentile(values, 95)), 1),
        "longest": round(float(values.max()), 1),
        "share_above_50": round(float((values > 50).mean()), 3),
    }


def machine() -> dict[str, Any]:
    """Describe what the times were taken on, with the load just now."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "streamlit": importlib.metadata.version("streamlit"),
        "load_average": [round(one, 2) for one in os.getloadavg()],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    parser.add_argument("--repeats", type=int, default=5, help="warm visits of each page")
    given = parser.parse_args()
    found: dict[str, Any] = {"before": machine()}
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder)
        run_id = finished_run(world / "runs", many_hits())
        found["pages"] = {}
        for name, path in PAGES.items():
            found["pages"][name] = page_times(world, path.format(run=run_id), given.repeats)
            print(name, json.dumps(found["pages"][name]), flush=True)
        found["table"] = table_times(world, run_id)
        print(json.dumps(found["table"]), flush=True)
        with browsing() as browser:
            found["chromium"] = browser.version
    found["after"] = machine()
    write_text(given.output, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
