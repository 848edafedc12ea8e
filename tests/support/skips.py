"""What was skipped and why, said at the very end; tests that need a browser.

``MOLSEARCH_NO_BROWSER=1`` leaves the browser's tests out; ``MOLSEARCH_NEEDS_BROWSER=1``, which
``.ci/run`` sets, makes it a failure that one of them was skipped.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from browsing import CHROMIUM

REFUSED, NEEDED = "MOLSEARCH_NO_BROWSER", "MOLSEARCH_NEEDS_BROWSER"
_FAILED = 1


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a browser's test where there is none, or none is wanted."""
    if item.get_closest_marker("browser") is None:
        return
    if os.environ.get(REFUSED) == "1":
        pytest.skip(f"{REFUSED}=1 leaves the browser's tests out")
    if CHROMIUM is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session that needed a browser and had none."""
    if os.environ.get(NEEDED) == "1" and session.exitstatus == 0 and _of_browser(session.config):
        session.exitstatus = _FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say it after everything else; of several processes the first one speaks."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or hasattr(config, "workerinput"):
        return
    for line in told(_skipped(config)):
        terminal.write_line(line)
    if os.environ.get(NEEDED) == "1" and _of_browser(config):
        terminal.write_line(
            f"Failed: tests that need a browser were skipped; install Chromium or set {REFUSED}=1"
        )


def told(reports: list[Any]) -> list[str]:
    """Lines that name each reason with its number of tests."""
    if not reports:
        return ["No test was skipped."]
    reasons = Counter(_reason(report) for report in reports)
    head = "1 test was skipped:" if len(reports) == 1 else f"{len(reports)} tests were skipped:"
    return [head, *(f"  {n} × {reason}" for reason, n in reasons.most_common())]


def _reason(report: Any) -> str:
    """Reason alone, without file and line."""
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    return " ".join(str(words).split()).removeprefix("Skipped: ")


def _skipped(config: pytest.Config) -> list[Any]:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    return list(terminal.stats.get("skipped", ())) if terminal is not None else []


def _of_browser(config: pytest.Config) -> list[Any]:
    return [one for one in _skipped(config) if "browser" in getattr(one, "keywords", ())]
