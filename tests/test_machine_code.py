"""Machine code is kept in the user's cache, by what it was made from."""

from __future__ import annotations

from pathlib import Path

import pytest
from numba import config

from molsearch.cache import user_cache
from molsearch.machine_code import compiled, folder, is_kept

NAME = "test_machine_code._made"
SOURCES = [Path(__file__)]


def _made(value: int) -> int:
    return 2 * value + 1


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_it_is_kept_in_the_users_cache() -> None:
    assert not is_kept(NAME, SOURCES)
    assert compiled(SOURCES, nogil=True)(_made)(3) == 7
    assert is_kept(NAME, SOURCES)
    assert list(user_cache().joinpath("loops").rglob("*.nbi"))
    again = compiled(SOURCES, nogil=True)(_made)
    assert again(4) == 9
    assert sum(again.stats.cache_hits.values()) == 1


def test_a_signature_has_it_compiled_at_once() -> None:
    made = compiled(SOURCES, "int64(int64)")(_made)
    assert is_kept(NAME, SOURCES)
    assert made(3) == 7


def test_the_folder_is_of_these_sources(tmp_path: Path) -> None:
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("1")
    other.write_text("2")
    assert len({folder([one]), folder([other]), folder([one, other])}) == 3


def test_what_others_compile_is_kept_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", "theirs")
    compiled(SOURCES)(_made)
    assert config.CACHE_DIR == "theirs"
    assert not is_kept(NAME, SOURCES)


@pytest.mark.parametrize("cache", ["below a file", "without a home"])
def test_without_a_folder_each_process_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    place = {"below a file": str(tmp_path / "file" / "1"), "without a home": "~/.cache"}[cache]
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda _name: place)
    made = compiled(SOURCES)(_made)
    assert made(3) == 7
    assert not made.stats.cache_hits
    assert not is_kept(NAME, SOURCES)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
