"""One process at a time: an operating-system lock, and a note of who holds it.

The lock dies with its process, so a killed one never blocks the next; the note only names the
holder to whoever comes second.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from molsearch.errors import UsageError
from molsearch.io.atomic import write_text
from molsearch.io.folders import LOCK, WRITER
from molsearch.io.reading import read_small

_POLL = 0.5  # seconds between two looks at a lock


@contextmanager
def alone(file: Path, on_busy: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock `file`; waits for it as long as another process has it.

    Parameters
    ----------
    on_busy
        Called once where another process holds it; what it raises ends the wait.

    Raises
    ------
    OSError
        The file cannot be made.
    """
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if on_busy is not None:
            on_busy()
        lock.acquire(poll_interval=_POLL)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def writer_lock(folder: Path, mend: str = "wait or stop it") -> Iterator[None]:
    """Hold a folder for writing.

    Parameters
    ----------
    mend
        What to do where another process writes it.

    Raises
    ------
    UsageError
        Another process is writing it; the message names the process and its host.
    OSError
        The folder cannot be written.
    """

    def refuse() -> None:
        raise UsageError(f"{folder} is being written by {_holder(folder)}; {mend}")

    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / LOCK, refuse):
        note = {
            "pid": os.getpid(),
            "host": platform.node(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            write_text(folder / WRITER, json.dumps(note) + "\n")
            yield
        finally:
            (folder / WRITER).unlink(missing_ok=True)


def _holder(folder: Path) -> str:
    try:
        note = json.loads(read_small(folder / WRITER, 10_000))
        since = f" since {note['since']}" if "since" in note else ""
        return f"process {note['pid']} on {note['host']}{since}"
    except (OSError, ValueError, KeyError, TypeError):
        # The holder is between taking the lock and writing its note.
        return "another process"
