"""Chemistry that a request asks for, in processes of its own: bounded in time, in nobody's way.

RDKit holds Python's lock while it works, and no thread of it can be stopped: one structure of some
hundred fused rings would halt every session of the server. A process can be ended.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from molsearch.errors import UsageError

T = TypeVar("T")
# How long a caller waits for its turn behind others, beyond the time of its own task.
_TURN = 60.0


class TooLongError(UsageError):
    """What was asked for takes longer than a request may."""


class BusyError(UsageError):
    """Others have asked for more than can be done now."""


class _Process(SpawnProcess):
    """A worker that knows nothing of the page that happened to ask for it first.

    Streamlit makes each page in turn the main module, and what is spawned runs the main module
    once more: the whole page, in every worker.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - multiprocessing's name
        bare, before = ModuleType("__main__"), sys.modules["__main__"]
        sys.modules["__main__"] = bare
        try:
            return SpawnProcess._Popen(process_obj)
        finally:
            if sys.modules["__main__"] is bare:  # else another page has begun meanwhile
                sys.modules["__main__"] = before


class _Context(SpawnContext):
    """Processes that inherit neither locks nor memory of the server's."""

    Process = _Process


class Guard:
    """A few worker processes, started when first asked for anything.

    Parameters
    ----------
    workers
        Processes.
    most_waiting
        Tasks that may wait or run at a time; more are refused.
    """

    def __init__(self, workers: int, most_waiting: int) -> None:
        self._workers, self._most = workers, most_waiting
        self._pool: Any = None
        self._starting = threading.Lock()
        self._room = threading.BoundedSemaphore(most_waiting)

    def submit(self, task: Callable[..., T], *given: Any, seconds: float) -> Future[T]:
        """Have a module's function run; the process is ended where it takes too long.

        The future ends in `TimeoutError`, or in pebble's `ProcessExpired` where the process died.

        Raises
        ------
        BusyError
            Too much is waiting.
        """
        if not self._room.acquire(blocking=False):
            raise BusyError("too much is being asked of this server at the moment; try again soon")
        with self._starting:
            if self._pool is None or not self._pool.active:  # it failed: a new one takes over
                self._pool = ProcessPool(max_workers=self._workers, context=_Context())
        future: Future[T] = self._pool.schedule(task, args=given, timeout=seconds)
        future.add_done_callback(lambda _: self._room.release())
        return future

    def run(self, task: Callable[..., T], *given: Any, seconds: float) -> T:
        """Have a module's function run and wait for what it returns or raises.

        Raises
        ------
        TooLongError
            It took longer than `seconds`, or its process died of it.
        BusyError
            See :meth:`submit`.
        """
        return result(self.submit(task, *given, seconds=seconds), seconds)


def result(future: Future[T], seconds: float) -> T:
    """Wait for a task; see :meth:`Guard.run`."""
    try:
        return future.result(seconds + _TURN)
    except (TimeoutError, CancelledError) as error:
        future.cancel()
        raise TooLongError(
            f"this takes longer than the {seconds:.0f} seconds that a page may; "
            "ask for less, or run it in a terminal"
        ) from error
    except ProcessExpired as error:
        raise TooLongError(
            "the process that worked on this died of it (out of memory, or a fault of RDKit's); "
            "leave the molecule out"
        ) from error


# Drawings have processes of their own, so that nothing longer stands before them.
DRAWINGS = Guard(2, most_waiting=128)
CHEMISTRY = Guard(2, most_waiting=512)
