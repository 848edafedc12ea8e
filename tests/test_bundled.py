"""Bundled files: those of the tree in a checkout, those inside an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from molsearch import bundled


def test_a_checkout_uses_the_files_of_its_tree():
    tree = Path(__file__).resolve().parents[1]
    assert bundled.checkout() == tree
    assert bundled.path("results") == tree / "results"
    assert bundled.path("datasets", "example", "library.csv").is_file()


def test_an_installed_package_uses_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "datasets").mkdir()
    monkeypatch.setattr(bundled, "_HERE", tmp_path)
    assert bundled.checkout() is None
    assert bundled.path("results") == tmp_path / "results"


def test_a_guide_is_named_as_it_is_opened_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = bundled.checkout()
    assert tree is not None
    monkeypatch.chdir(tree)
    assert bundled.guide("dude") == str(Path("datasets", "dude.md"))
    monkeypatch.chdir(tmp_path)
    assert Path(bundled.guide("dude")).is_file()
