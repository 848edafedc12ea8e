"""One version, one list of dependencies, and files about the project that can be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

import molsearch

TREE = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((TREE / "pyproject.toml").read_text())


def test_the_version_stands_in_one_place() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "molsearch.__version__"}
    released = re.findall(r"^## \[([0-9.]+)\]", (TREE / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released[0] == molsearch.__version__


def test_what_is_installed_is_what_was_tested_with() -> None:
    lines = (TREE / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if "==" in line}
    for wanted in PROJECT["project"]["dependencies"]:
        name = re.split(r"[\[<>=;, ]", wanted)[0].lower()
        assert name in pinned, f"pin {name} in constraints.txt"


def test_the_citation_has_what_its_format_asks_for() -> None:
    found = yaml.safe_load((TREE / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= found.keys()
    assert "version" not in found  # it would be a second place
