"""Threads of a search: started once a process, and as many as PyTorch may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from threading import Lock
from typing import Any

_Work = Callable[..., Any]


def together(work: _Work, items: Iterable[tuple[Any, ...]], n_threads: int) -> None:
    """Call `work` with each of some tuples of arguments, in `n_threads` threads, this one too.

    Each thread takes the next item when it is done with one. To start threads, or to hand them
    items one by one, takes longer than an item does. Items may be made as they are taken.

    Raises
    ------
    Exception
        What `work` raised: the first that is known, once every thread has stopped.
    """
    left = _Each(items)
    helpers = (min(n_threads, len(items)) if isinstance(items, Sized) else n_threads) - 1
    if helpers <= 0:
        _take(work, left)
        return
    started = [_helpers(n_threads - 1).submit(_take, work, left) for _ in range(helpers)]
    try:
        _take(work, left)
    finally:
        # Others may keep the helpers busy: what has not begun finds nothing left to do.
        wait([one for one in started if not one.cancel()])
    for one in started:
        if not one.cancelled():
            one.result()


class _Each:
    """Gives each item to one thread."""

    def __init__(self, items: Iterable[tuple[Any, ...]]) -> None:
        self._items = iter(items)
        self._making = Lock()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self

    def __next__(self) -> tuple[Any, ...]:
        with self._making:
            return next(self._items)

    def close(self) -> None:
        """Leave what is left to nobody."""
        with self._making:
            self._items = iter(())


def _take(work: _Work, left: _Each) -> None:
    try:
        for item in left:
            work(*item)
    except BaseException:
        left.close()  # nobody goes on
        raise


@cache
def _helpers(number: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(number, thread_name_prefix="search")
