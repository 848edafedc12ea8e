"""One writer at a time: an operating-system lock, and a note of who holds it.

The lock dies with its process, so a killed writer never blocks the next one; the note only
names the holder to whoever comes second.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from molsearch.errors import UsageError
from molsearch.index.layout import LOCK, WRITER
from molsearch.io.atomic import write_text
from molsearch.io.reading import read_small


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Hold the index at `path` for writing.

    Raises
    ------
    UsageError
        Another process is writing it; the message names the process and its host.
    """
    path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(f"{path} is being written by {_holder(path)}; wait or stop it") from None
    note = {
        "pid": os.getpid(),
        "host": platform.node(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        write_text(path / WRITER, json.dumps(note) + "\n")
        yield
    finally:
        (path / WRITER).unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    try:
        note = json.loads(read_small(path / WRITER, 10_000))
        return f"process {note['pid']} on {note['host']} since {note['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        # The holder is between taking the lock and writing its note.
        return "another process"
