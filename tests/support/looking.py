"""Threads that keep looking at something while it is changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def looking(look: Callable[[], Any], n_threads: int = 2) -> Iterator[list[Any]]:
    """Look again and again until the end; gives all that was seen, and fails where a look fails."""
    stop = threading.Event()
    seen: list[Any] = []
    broken: list[BaseException] = []

    def keep_looking() -> None:
        try:
            while not stop.is_set():
                seen.append(look())
        except BaseException as error:  # noqa: BLE001
            broken.append(error)

    threads = [threading.Thread(target=keep_looking) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if broken:
        raise broken[0]
