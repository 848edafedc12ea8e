"""Threads of a search: started once a process, and as many as PyTorch may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Any

_Work = Callable[..., Any]


def together(work: _Work, items: Sequence[tuple[Any, ...]], n_threads: int) -> None:
    """Call `work` with each of some tuples of arguments, in `n_threads` threads, this one too.

    Each thread takes the next item when it is done with one. To start threads, or to hand them
    items one by one, takes longer than an item does.

    Raises
    ------
    Exception
        What `work` raised: the first that is known, once every thread has stopped.
    """
    left = iter(items)  # a list's iterator gives each item to one thread
    helpers = min(n_threads, len(items)) - 1
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


def _take(work: _Work, left: Iterator[tuple[Any, ...]]) -> None:
    try:
        for item in left:
            work(*item)
    except BaseException:
        for _ in left:  # nobody goes on
            pass
        raise


@cache
def _helpers(number: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(number, thread_name_prefix="search")
