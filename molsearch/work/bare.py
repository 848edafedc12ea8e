"""Processes that do not run the user's program once more.

Python lets a new process import the program that started it, in case what it is to do stands there.
What workers do stands in this package, and a script that calls it without asking for its `__name__`
would call it again in every worker, for a library that its parent holds.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

_MAIN = ("init_main_from_name", "init_main_from_path")
_alone = threading.Lock()


@contextmanager
def without_main() -> Iterator[None]:
    """Let the processes that this thread starts leave the main module alone."""
    here = threading.get_ident()
    with _alone:
        before = spawn.get_preparation_data

        def bare(name: str) -> dict[str, Any]:
            data = before(name)
            if threading.get_ident() != here:  # a process of the user's own
                return data
            return {key: value for key, value in data.items() if key not in _MAIN}

        spawn.get_preparation_data = bare
        try:
            yield
        finally:
            spawn.get_preparation_data = before


class _Spawned(SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - multiprocessing's name
        with without_main():
            return SpawnProcess._Popen(process_obj)


class BareSpawnContext(SpawnContext):
    """Processes that start from nothing."""

    Process = _Spawned


if sys.platform != "win32":
    from multiprocessing.context import ForkServerContext, ForkServerProcess

    class _Copied(ForkServerProcess):
        @staticmethod
        def _Popen(process_obj: Any) -> Any:  # noqa: N802 - multiprocessing's name
            with without_main():
                return ForkServerProcess._Popen(process_obj)

    class BareForkServerContext(ForkServerContext):
        """Processes that are copies of the fork server."""

        Process = _Copied
