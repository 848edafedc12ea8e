"""Machine code is kept in the user's cache, by what it was made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from molsearch.chem.kernels import compiling


@compiling.inner
def _twice(value: int) -> int:
    return 2 * value


def _made(value: int) -> int:
    return _twice(value) + 1


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "folder", lambda: tmp_path / "loops" / "1")


def test_it_is_kept(tmp_path: Path) -> None:
    assert not compiling.is_compiled()
    assert compiling.outer(_made)(3) == 7
    assert list((tmp_path / "loops" / "1").rglob("*.nbi"))
    assert compiling.outer(_made)(4) == 9


def test_without_a_folder_each_process_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(compiling, "folder", lambda: tmp_path / "file" / "1")
    assert compiling.outer(_made)(3) == 7
    assert not compiling.is_compiled()


def test_the_folder_is_of_these_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    compiling.folder.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = compiling.folder()
    compiling.folder.cache_clear()
    (tmp_path / "one.py").write_text("1")
    monkeypatch.setattr(compiling, "_SOURCES", (tmp_path,))
    assert compiling.folder() != before
    compiling.folder.cache_clear()
