"""One holder at a time, whoever it is; the second one waits or is told who the first is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from molsearch.errors import UsageError
from molsearch.io.folders import LOCK, WRITER
from molsearch.store.lock import alone, writer_lock

HOLDER = (
    "import sys, time; from pathlib import Path; from molsearch.store.lock import writer_lock\n"
    "with writer_lock(Path(sys.argv[1])):\n"
    "    print('held', flush=True); sys.stdin.read()"
)


def held_elsewhere(folder):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_second_writer_is_told_who_the_first_is_and_a_kill_frees_the_folder(tmp_path):
    child = held_elsewhere(tmp_path / "x")
    with (
        pytest.raises(UsageError, match=rf"by process {child.pid} on .* since .*; take another$"),
        writer_lock(tmp_path / "x", "take another"),
    ):
        pass
    child.kill()
    child.wait()
    with writer_lock(tmp_path / "x"):
        assert json.loads((tmp_path / "x" / WRITER).read_text())["pid"] == os.getpid()
    assert not (tmp_path / "x" / WRITER).exists()


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"pid": 3}'])
def test_a_note_that_cannot_be_read_names_nobody(tmp_path, note):
    child = held_elsewhere(tmp_path)
    (tmp_path / WRITER).write_text(note)
    with pytest.raises(UsageError, match="by another process; wait"), writer_lock(tmp_path):
        pass
    child.kill()
    child.wait()


def test_notes_of_earlier_versions_are_read(tmp_path):
    child = held_elsewhere(tmp_path)
    (tmp_path / WRITER).write_text('{"pid": 3, "host": "there"}')
    with pytest.raises(UsageError, match="by process 3 on there; wait"), writer_lock(tmp_path):
        pass
    child.kill()
    child.wait()


def test_an_error_within_frees_the_lock_and_takes_the_note_away(tmp_path):
    with pytest.raises(KeyError), writer_lock(tmp_path):
        raise KeyError
    assert not (tmp_path / WRITER).exists()
    with writer_lock(tmp_path):
        pass


def test_who_waits_is_told_once_and_goes_on_after(tmp_path):
    busy, order = [], []
    entered = threading.Event()

    def first():
        with alone(tmp_path / LOCK):
            entered.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert entered.wait(10)
    with alone(tmp_path / LOCK, lambda: busy.append(1)):
        order.append("second")
    thread.join()
    assert (busy, order) == ([1], ["first", "second"])
