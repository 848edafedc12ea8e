"""The wheel by itself: built from a copy of the tree, installed into an empty environment, used."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from browsing import answering
from shipped import FILES, FOLDERS

pytestmark = pytest.mark.slow
pytest.importorskip("setuptools", reason="needs setuptools (extra dev)")
pytest.importorskip("pip", reason="needs pip in this environment")

TREE = Path(__file__).resolve().parents[2]
_MOST_MIB = 88  # a package index takes 100 MB, which are 95
_IGNORED = shutil.ignore_patterns("__pycache__", ".*.lock")


class Installed(NamedTuple):
    """An environment that holds the wheel; its dependencies are those of the running one."""

    wheel: Path
    folder: Path
    site: Path

    def run(self, program: str, *arguments: object, **variables: str):
        """Run a program of the environment in an empty folder; no checkout is in sight."""
        away = self.folder / "away"
        away.mkdir(exist_ok=True)
        return subprocess.run(
            [self.folder / "bin" / program, *map(str, arguments)],
            cwd=away, env=self.environment(**variables), capture_output=True, text=True,
        )  # fmt: skip

    def environment(self, **variables: str) -> dict[str, str]:
        """Environment variables without a word of the checkout."""
        home = {"HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache")}
        return {**_plain(), **home, **variables}


def _plain() -> dict[str, str]:
    words = ("PYTHON", "MOLSEARCH")
    return {name: value for name, value in os.environ.items() if not name.startswith(words)}


def _pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    command += map(str, arguments)
    done = subprocess.run(command, capture_output=True, text=True, env=_plain())
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    for name in FOLDERS:
        shutil.copytree(TREE / name, folder / "tree" / name, ignore=_IGNORED)
    for name in FILES:
        shutil.copy(TREE / name, folder / "tree" / name)
    # Neither step asks a network for anything.
    _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, folder / "tree")
    (wheel,) = folder.glob("*.whl")
    shutil.rmtree(folder / "tree")
    place = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    _pip("--python", place / "bin" / "python", "install", "--no-deps", "--no-index", wheel)
    (site,) = place.glob("lib/python*/site-packages")
    # A place to look in, no more: .pth files there, a checkout's among them, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(wheel, place, site)


def test_the_wheel_holds_all_files_under_names_of_its_own(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        held = set(archive.namelist())
    heads = {name.split("/")[0] for name in held}
    assert {head for head in heads if not head.endswith(".dist-info")} == {
        "molsearch",
        "molsearch_app",
    }
    for folder, name in (("molsearch", "molsearch"), ("app", "molsearch_app")):
        wanted = {
            f"{name}/{path.relative_to(TREE / folder).as_posix()}"
            for path in (TREE / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".lock"
        }
        assert wanted - held == set()
    for path in (
        "datasets/example/library.csv",
        "datasets/dude.md",
        "results/ablation/method.json",
    ):
        assert f"molsearch/bundled/{path}" in held
    assert not [name for name in held if "/tests/" in name or name.endswith((".pyc", ".lock"))]
    assert installed.wheel.stat().st_size < _MOST_MIB * 2**20


def test_what_is_imported_is_the_wheel(installed: Installed) -> None:
    for name in ("molsearch", "molsearch_app"):
        done = installed.run("python", "-c", f"import {name}; print({name}.__file__)")
        assert done.returncode == 0, done.stderr
        assert Path(done.stdout.strip()).is_relative_to(installed.site)


def test_the_demo_runs_on_a_few_molecules(installed: Installed, tmp_path: Path) -> None:
    helped = installed.run("molsearch", "demo", "--help")
    assert helped.returncode == 0, helped.stderr
    assert "bundled example library" in " ".join(helped.stdout.split())
    example = installed.site / "molsearch" / "bundled" / "datasets" / "example"
    _shorten(example / "library.csv", 24)
    _shorten(example / "queries.csv", 1)
    done = installed.run("molsearch", "demo", "-o", tmp_path / "demo", "-n", 1, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    (hits,) = (tmp_path / "demo").glob("*.csv")
    with hits.open(newline="", encoding="utf-8") as handle:
        assert len(list(csv.DictReader(handle))) >= 20
    assert hits.with_suffix(".html").is_file()


def _shorten(path: Path, rows: int) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[: rows + 1]), encoding="utf-8")


_PAGES = """
import pathlib, molsearch_app
from streamlit.testing.v1 import AppTest
at = AppTest.from_file(str(pathlib.Path(molsearch_app.__file__).with_name("Home.py")))
at.run(timeout=240)
assert not at.exception, at.exception
at.switch_page("page/benchmark.py").run(timeout=240)
assert not at.exception, at.exception
print(*(option for box in at.selectbox for option in box.options), sep="\\n")
"""


def test_the_application_starts_and_its_pages_find_their_files(
    installed: Installed, tmp_path: Path
) -> None:
    shown = installed.run("python", "-c", _PAGES, MOLSEARCH_RUNS=str(tmp_path / "runs"))
    assert shown.returncode == 0, shown.stderr
    assert "dude-1to50 (committed)" in shown.stdout
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = installed.folder / "bin" / "molsearch"
    variables = installed.environment(MOLSEARCH_RUNS=str(tmp_path / "runs"))
    log = tmp_path / "server.log"
    command = [program, "app", "--no-browser", "--port", str(port)]
    with answering(command, f"http://127.0.0.1:{port}", log, variables, tmp_path) as address:
        with urllib.request.urlopen(address, timeout=30) as page:
            assert b"<title>" in page.read()
        with urllib.request.urlopen(f"{address}/draw?s=CCO", timeout=60) as drawn:
            assert drawn.read().startswith(b"<svg")


def test_without_data_it_says_what_to_set_and_where_to_read(installed: Installed) -> None:
    done = installed.run("molsearch", "data", "verify", "muv")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "set MOLSEARCH_DATA to the folder that holds muv/" in done.stderr
    (guide,) = (word for word in done.stderr.split() if word.endswith("muv.md"))
    assert Path(guide).is_file()
