"""Libraries kept in the cache: one maker at a time, and nobody is turned away."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from molsearch.errors import MolSearchError
from molsearch.service.library import CachePlace, making

HOLD = """
import sys, time
from pathlib import Path
from molsearch.service.library import CachePlace, making
folder = Path(sys.argv[1])
with making(CachePlace(folder / "prepared", folder / "index")):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "libraries" / "abc"
    return CachePlace(folder / "prepared", folder / "index")


def test_the_second_maker_waits_for_the_first_and_is_told(place):
    waiting, entered = threading.Event(), threading.Event()

    def second():
        with making(place, waiting.set):
            entered.set()

    thread = threading.Thread(target=second)
    with making(place, lambda: pytest.fail("nobody else is there")):
        thread.start()
        assert waiting.wait(60)
        assert not entered.wait(0.5)
    assert entered.wait(60)
    thread.join()


def test_other_libraries_are_not_waited_for(place, tmp_path):
    other = CachePlace(tmp_path / "libraries" / "d" / "prepared", tmp_path / "libraries/d/index")
    with making(place), making(other, lambda: pytest.fail("another library")):
        pass


def test_a_killed_maker_holds_nobody_up(place):
    folder = str(place.prepared.parent)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with making(place, lambda: holder.send_signal(signal.SIGKILL)):
            pass
    assert holder.returncode == -signal.SIGKILL


def test_a_cache_that_cannot_be_written_is_one_line(place, tmp_path):
    (tmp_path / "libraries").write_text("a file")
    with pytest.raises(MolSearchError, match=r"libraries .*set XDG_CACHE_HOME"), making(place):
        pass
