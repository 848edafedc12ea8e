"""What a worker process of a crew does, from its start to its end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from molsearch.work.allocator import keep_freed_memory
from molsearch.work.job import Raised


def serve(pipe: Connection, task: Callable[[Any], Any], parent: int) -> None:
    """Work until the parent hangs up; Ctrl-C is the parent's business (see `Crew._hire`)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
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


def _die_with(parent: int) -> None:
    """No worker outlives its parent, not even one that is stuck."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(0)
