"""Processes for what a request asks: bounded, replaced where they fail, knowing no page."""

from __future__ import annotations

import os
import sys
import time
from types import ModuleType

import pytest

from molsearch.errors import InputError
from molsearch_app.guard import CHEMISTRY, BusyError, Guard, TooLongError


def test_what_takes_too_long_is_ended_and_the_next_is_served():
    began = time.monotonic()
    with pytest.raises(TooLongError, match="ask for less"):
        CHEMISTRY.run(time.sleep, 600, seconds=0.3)
    assert time.monotonic() - began < 60
    assert CHEMISTRY.run(abs, -1, seconds=30) == 1


def test_an_error_of_the_task_is_its_callers():
    from molsearch.chem.draw import n_atoms

    with pytest.raises(InputError, match="not a SMILES"):
        CHEMISTRY.run(n_atoms, "((", seconds=30)


def test_what_makes_its_process_die_is_told():
    with pytest.raises(TooLongError, match="died"):
        CHEMISTRY.run(os._exit, 9, seconds=30)
    assert CHEMISTRY.run(abs, -1, seconds=30) == 1


def test_a_pool_that_failed_is_replaced():
    broken = Guard(1, most_waiting=4)
    assert broken.run(abs, -1, seconds=30) == 1
    broken._pool.stop()
    broken._pool.join()
    assert broken.run(abs, -2, seconds=30) == 2
    broken._pool.stop()


def test_workers_do_not_run_the_page_that_asked_for_them(monkeypatch, tmp_path):
    page, marker = tmp_path / "page.py", tmp_path / "ran"
    page.write_text(f"open({str(marker)!r}, 'w')")
    main = ModuleType("__main__")
    main.__file__ = str(page)  # as Streamlit does
    monkeypatch.setitem(sys.modules, "__main__", main)
    guard = Guard(1, most_waiting=4)
    assert guard.run(abs, -1, seconds=30) == 1
    guard._pool.stop()
    assert not marker.exists()
    assert sys.modules["__main__"] is main


def test_more_than_can_be_done_is_refused():
    with pytest.raises(BusyError, match="try again"):
        Guard(1, most_waiting=0).submit(abs, -1, seconds=1)
