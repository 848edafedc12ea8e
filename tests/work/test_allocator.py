"""The allocator of workers is set once, unless the environment sets it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from molsearch.work import allocator


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's settings")
@pytest.mark.parametrize("environment", [{}, {"MALLOC_ARENA_MAX": "1"}])
def test_the_environment_has_the_last_word(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    libc = SimpleNamespace(mallopt=lambda *one: given.append(one))
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: libc)
    monkeypatch.setattr(allocator.os, "environ", environment)
    allocator.keep_freed_memory()
    assert bool(given) is not bool(environment)


def test_a_c_library_without_such_settings_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: SimpleNamespace())
    monkeypatch.setattr(allocator.os, "environ", {})
    allocator.keep_freed_memory()
