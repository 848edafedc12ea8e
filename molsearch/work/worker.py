"""What a worker process of a crew does, from its start to its end."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from molsearch.work.allocator import keep_freed_memory
from molsearch.work.job import Raised

_ALLOCATIONS = 100_000  # containers more than before, after which cycles are looked for


def serve(pipe: Connection, task: Callable[[Any], Any]) -> None:
    """Work until the parent hangs up; Ctrl-C is the parent's business (see `Crew._hire`)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    # What a task makes goes with its references; each search for cycles would look at modules.
    gc.set_threshold(_ALLOCATIONS)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        pipe.send(None)
        while True:
            for item in pipe.recv():
                pipe.send(_answer(item, task))
    except (EOFError, OSError):
        return


def _answer(item: Any, task: Callable[[Any], Any]) -> Any:
    try:
        return task(item)
    except Exception as error:  # noqa: BLE001  one item must not cost its neighbours
        return Raised.by(error)


def _die_with_parent() -> None:
    """No worker outlives its parent, nor what it is a copy of, not even one that is stuck."""
    parent, original = parent_process(), os.getppid()
    assert parent is not None
    while not wait([parent.sentinel], 1.0) and os.getppid() == original:
        pass
    os._exit(0)
