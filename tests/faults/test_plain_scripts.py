"""A program without ``if __name__ == "__main__":`` is a program too, however it is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import make_library

ROOT = str(Path(__file__).parents[2])
SCREENS = """
import molsearch as ms
print("begun", flush=True)
hits = ms.screen("CC(=O)Oc1ccccc1C(=O)O aspirin", "library.csv", k=3, workers=2)
print("done", len(hits) == 3)
"""
BUILDS = """
import molsearch as ms
print("begun", flush=True)
index = ms.Index.build("library.csv", out="library.index", workers=2)
print("done", len(index) == 11)
"""
PREPARES = """
import molsearch as ms
print("begun", flush=True)
library = ms.Library.open("library.csv").prepare("library.prepared", workers=2)
print("done", len(library) == 11)
"""


def run(
    tmp_path: Path, *arguments: str, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    make_library(tmp_path / "library.csv")
    path = os.pathsep.join([ROOT, os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=tmp_path,
        input=given,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )


def check(found: subprocess.CompletedProcess[str]) -> None:
    assert (found.returncode, found.stdout) == (0, "begun\ndone True\n"), found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("program", [SCREENS, BUILDS, PREPARES])
def test_a_file(tmp_path: Path, program: str) -> None:
    (tmp_path / "mine.py").write_text(program)
    check(run(tmp_path, "mine.py"))


def test_a_module(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PREPARES)
    check(run(tmp_path, "-m", "mine"))


def test_a_line(tmp_path: Path) -> None:
    check(run(tmp_path, "-c", PREPARES))


def test_standard_input(tmp_path: Path) -> None:
    check(run(tmp_path, "-", given=PREPARES))


def test_the_example_of_the_readme(tmp_path: Path) -> None:
    text = (Path(ROOT) / "README.md").read_text(encoding="utf-8")
    program = text.partition("## From Python\n\n```python\n")[2].partition("```")[0]
    assert "ms.screen(" in program
    (tmp_path / "mine.py").write_text(program.replace("vendor.sdf.gz", "library.csv"))
    found = run(tmp_path, "mine.py")
    assert found.returncode == 0, found.stderr
