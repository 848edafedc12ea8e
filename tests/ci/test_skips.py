"""Skips are named at the end of every run; a browser that is needed and missing is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).resolve().parents[1] / "support"
TESTS = """
import pytest

@pytest.mark.browser
def test_page(): pass

@pytest.mark.browser
def test_other_page(): pass

@pytest.mark.skipif(True, reason="no CUDA device")
def test_gpu(): pass

def test_plain(): pass
"""


@pytest.fixture
def run(tmp_path: Path):
    hooks = "from skips import pytest_runtest_setup, pytest_sessionfinish, pytest_unconfigure\n"
    (tmp_path / "conftest.py").write_text(hooks)
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser: needs one\n")
    browser = tmp_path / "bin" / "chromium"
    browser.parent.mkdir()

    def call(*arguments: str, browser_here: bool = False, **variables: str):
        if browser_here:
            browser.touch(mode=0o755)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MOLSEARCH", "PYTEST"))}
        environment = {**kept, "PYTHONPATH": str(SUPPORT), "PATH": str(browser.parent), **variables}
        # Of all plugins that are installed one is needed; the others take seconds to import.
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["-p", "xdist.plugin", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        return done.returncode, done.stdout.splitlines()

    return call


@pytest.mark.parametrize("processes", [[], ["-n", "2"]])
def test_the_last_lines_name_every_reason_with_its_number(run, processes) -> None:
    code, lines = run(*processes)
    assert code == 0
    assert lines[-3:] == [
        "3 tests were skipped:",
        "  2 × no Chromium here (Debian: apt-get install chromium)",
        "  1 × no CUDA device",
    ]


@pytest.mark.parametrize("processes", [[], ["-n", "2"]])
def test_a_needed_browser_that_is_missing_is_a_failure(run, processes) -> None:
    code, lines = run(*processes, MOLSEARCH_NEEDS_BROWSER="1")
    assert code == 1
    assert lines[-1].startswith("Failed: tests that need a browser were skipped")
    code, lines = run(*processes, browser_here=True, MOLSEARCH_NEEDS_BROWSER="1")
    assert (code, lines[-2:]) == (0, ["1 test was skipped:", "  1 × no CUDA device"])


def test_no_browser_on_request_holds_where_there_is_one(run) -> None:
    code, lines = run(browser_here=True, MOLSEARCH_NO_BROWSER="1")
    assert code == 0
    assert "  2 × MOLSEARCH_NO_BROWSER=1 leaves the browser's tests out" in lines


def test_nothing_skipped_is_said_too(run) -> None:
    assert run("-k", "plain")[1][-1] == "No test was skipped."
