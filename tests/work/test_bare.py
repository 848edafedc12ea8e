"""Workers leave the main module alone; what else a thread of the user's starts does not."""

from __future__ import annotations

import sys
import threading
from multiprocessing import spawn
from types import ModuleType

import pytest

from molsearch.work.bare import BareSpawnContext, without_main


def test_only_processes_of_this_thread_are_without_the_main_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    main = ModuleType("__main__")
    main.__file__ = "/nowhere/mine.py"
    monkeypatch.setitem(sys.modules, "__main__", main)
    before = spawn.get_preparation_data
    said: list[dict[str, object]] = []

    def look() -> None:
        said.append(spawn.get_preparation_data("a"))

    with without_main():
        look()
        other = threading.Thread(target=look)
        other.start()
        other.join()
    ours, theirs = said
    assert "init_main_from_path" not in ours
    assert theirs["init_main_from_path"] == "/nowhere/mine.py"
    assert spawn.get_preparation_data is before


def test_a_process_from_nothing_does_not_run_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    main = ModuleType("__main__")
    main.__file__ = "/nowhere/mine.py"  # running it would fail
    monkeypatch.setitem(sys.modules, "__main__", main)
    process = BareSpawnContext().Process(target=threading.get_ident)
    process.start()
    process.join(60)
    assert process.exitcode == 0
