"""Work that threads share is done once, and what goes wrong in any of them is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from threading import Barrier, Event, get_ident

import pytest

from molsearch.search import threads
from molsearch.search.threads import together


@pytest.mark.parametrize("n_threads", [1, 2, 3, 8])
@pytest.mark.parametrize("n_items", [0, 1, 2, 100])
def test_every_item_is_done_once(n_threads: int, n_items: int) -> None:
    done: list[int] = []
    together(done.append, [(item,) for item in range(n_items)], n_threads)
    assert Counter(done) == Counter(range(n_items))


def test_threads_work_at_the_same_time() -> None:
    both = Barrier(2, timeout=60)
    seen: set[int] = set()

    def work(item: int) -> None:
        seen.add(get_ident())
        both.wait()

    together(work, [(0,), (1,)], 2)
    assert len(seen) == 2


@pytest.mark.parametrize("place", ["here", "there"])
def test_an_error_of_any_thread_is_raised_and_ends_the_work(place: str) -> None:
    both = Barrier(2, timeout=60)
    me = get_ident()
    done: list[int] = []

    def work(item: int) -> None:
        if item < 2:
            both.wait()
            if (get_ident() == me) is (place == "here"):
                raise ValueError("damaged")
        else:
            done.append(item)

    with pytest.raises(ValueError, match="damaged"):
        together(work, [(item,) for item in range(1000)], 2)
    together(lambda _: None, [(0,), (1,)], 2)  # the threads are there for the next


def test_busy_threads_hold_nobody_up() -> None:
    free = Event()
    busy = [threads._helpers(1).submit(free.wait, 60)]
    done: list[int] = []
    together(done.append, [(item,) for item in range(9)], 2)
    assert done == list(range(9))
    assert not busy[0].done()
    free.set()


@pytest.mark.parametrize("n_threads", [1, 3])
def test_items_may_be_made_as_they_are_taken(n_threads: int) -> None:
    done: list[int] = []
    together(done.append, ((item,) for item in range(500)), n_threads)
    assert Counter(done) == Counter(range(500))


@pytest.mark.parametrize("n_threads", [1, 3])
def test_an_error_in_making_an_item_is_raised(n_threads: int) -> None:
    def items() -> Iterator[tuple[int]]:
        yield (0,)
        raise ValueError("no such shard")

    with pytest.raises(ValueError, match="no such shard"):
        together(lambda _: None, items(), n_threads)
