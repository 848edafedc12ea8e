from __future__ import annotations

import pytest
from fakes import FakeEncoder, library

from molsearch.errors import UsageError
from molsearch.index.writer import build_index
from molsearch_app import places


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("MOLSEARCH_ROOTS", str(tmp_path / "indexes"))
    (tmp_path / "indexes").mkdir()
    return tmp_path


def test_paths_outside_the_roots_are_refused(world):
    for path in ("/etc/passwd", str(world / "indexes" / ".." / "x"), "\0", "~root/x"):
        with pytest.raises(UsageError):
            places.inside(path)
    assert places.inside(world / "indexes" / "a") == (world / "indexes" / "a").resolve()


def test_a_link_does_not_lead_out(world):
    (world / "secret").mkdir()
    (world / "indexes" / "link").symlink_to(world / "secret")
    with pytest.raises(UsageError, match="outside"):
        places.inside(world / "indexes" / "link")


def test_indexes_are_found_beside_and_below_prepared_sets(world):
    prepared = library(world / "indexes" / "cache" / "prepared", 12)
    place = world / "indexes" / "cache" / "index-ab"
    build_index(prepared, FakeEncoder(), place)
    found = places.find_indexes()
    assert [one.path for one in found] == [place]
    assert found[0].label == "indexes/cache/index-ab"


def test_an_unfinished_index_is_not_offered(world):
    (world / "indexes" / "half" / "generations").mkdir(parents=True)
    assert places.find_indexes() == []


def test_a_set_that_is_being_prepared_is_no_damaged_index(world):
    prepared = library(world / "indexes" / "cache" / "prepared", 12)
    (prepared.path / ".writer.json").write_text("{}")
    assert places.find_indexes() == []


def test_the_operators_demo_and_cache_are_listed_where_they_work_alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOLSEARCH_ROOTS", raising=False)
    monkeypatch.setenv("MOLSEARCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    runs, cache = tmp_path / "runs", tmp_path / "cache" / "molsearch"
    monkeypatch.delenv("MOLSEARCH_APP_SHARED", raising=False)
    assert places.roots() == [runs, tmp_path / "demo", cache]
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "1")
    assert places.roots() == [runs]
    monkeypatch.setenv("MOLSEARCH_ROOTS", f"{tmp_path / 'for-all'}")
    assert places.roots() == [runs, tmp_path / "for-all"]


def test_who_comes_through_a_proxy_shares_unless_the_operator_says_otherwise(monkeypatch):
    monkeypatch.delenv("MOLSEARCH_APP_SHARED", raising=False)
    assert not places.is_shared()
    monkeypatch.setattr(places, "_is_forwarded", lambda: True)
    assert places.is_shared()
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "0")
    assert not places.is_shared()
