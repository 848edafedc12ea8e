"""Screens at one time, one step after the other, whose searches share passes over the library.

Each screen has a thread of its own, of which one runs at a time: until it wants a search, or ends.
Once all have come so far, what they want of one index is found in one pass, and each goes on with
its own list, which is the list that it would have found by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import torch

from molsearch.index.reader import IndexReader
from molsearch.search.engine import Candidates, Wanted, search, search_lists
from molsearch.search.find import Search

Work = Callable[[Search], None]


@dataclass
class _Screen:
    """One of them; it waits with `go_on`, and says with `halted` that another may run."""

    work: Work
    go_on: Event = field(default_factory=Event)
    halted: Event = field(default_factory=Event)
    is_over: bool = False
    reader: IndexReader | None = None
    wanted: Wanted | None = None
    found: Candidates | None = None

    def run(self) -> None:
        self.go_on.wait()
        try:
            self.work(self.search)
        finally:
            self.is_over = True
            self.halted.set()

    def search(self, reader: IndexReader, queries: Any, k: int, **more: Any) -> Candidates:
        """Search as `molsearch.search.engine.search`, with the others where that can be."""
        on = torch.device(more.get("device", "cpu"))
        alone = more.get("excluded") is not None or more.get("against") is not None
        if alone or on.type != "cpu":
            return search(reader, queries, k, **more)
        self.reader = reader
        self.wanted = Wanted(queries, k, more.get("blend"), more.get("least"))
        self.go_on.clear()
        self.halted.set()
        self.go_on.wait()
        found, self.wanted, self.found = self.found, None, None
        # What cannot be searched together says why by itself.
        return search(reader, queries, k, **more) if found is None else found

    def step(self) -> None:
        """Let it run until it wants a search, or ends."""
        self.halted.clear()
        self.go_on.set()
        self.halted.wait()


class Together:
    """Runs several pieces of work as the module says.

    Parameters
    ----------
    most
        Pieces at one time.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="together")

    def run(self, works: Sequence[Work]) -> None:
        """Do all of them; each keeps its errors to itself.

        Parameters
        ----------
        works
            At most `most`; each is given what it searches with, and raises nothing.
        """
        screens = [_Screen(work) for work in works]
        done = [self._threads.submit(screen.run) for screen in screens]
        going = screens
        while going:
            for screen in going:
                screen.step()
            going = [screen for screen in going if not screen.is_over]
            _search(going)
        for one in done:
            one.result()

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)


def _search(screens: Sequence[_Screen]) -> None:
    """Find what screens want, those of one index in one pass; a single one finds it by itself."""
    of_index: dict[int, list[_Screen]] = defaultdict(list)
    for screen in screens:
        of_index[id(screen.reader)].append(screen)
    for several in of_index.values():
        reader = several[0].reader
        assert reader is not None
        if len(several) == 1:
            continue
        try:
            lists = search_lists(reader, [one.wanted for one in several if one.wanted is not None])
        except Exception:  # noqa: BLE001, S112  each then searches alone, and says what is wrong
            continue
        for one, found in zip(several, lists, strict=True):
            one.found = found
