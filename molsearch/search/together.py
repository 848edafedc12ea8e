"""Screens at one time, one step after the other, that share batches and passes over the library.

Each screen has a thread of its own, of which one runs at a time: until it wants queries embedded or
a search, or ends. Once all have come so far, queries of one encoder are embedded in one batch, what
is wanted of one index is found in one pass, and each goes on with its own, which is what it would
have found by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.search.engine import Candidates, Wanted, search, search_lists

T = TypeVar("T")
Embedded = tuple[NDArray[np.float32], NDArray[np.int64]]


class Shared(Protocol):
    """What a screen does with the others."""

    def search(self, reader: IndexReader, queries: Any, k: int, **more: Any) -> Candidates:
        """Search as `molsearch.search.engine.search`."""
        ...

    def embedder(self, encoder: Embedder) -> Embedder:
        """Embed as `encoder` does, whose embeddings must not depend on the batch."""
        ...


Work = Callable[[Shared], None]


class _Joint:
    """An encoder that embeds conformers together with those of other screens."""

    def __init__(self, encoder: Embedder, screen: _Screen) -> None:
        self._encoder, self._screen = encoder, screen
        self.identity, self.dim, self.card = encoder.identity, encoder.dim, encoder.card
        self.background, self.background_ecfp4 = encoder.background, encoder.background_ecfp4
        self.reference = getattr(encoder, "reference", None)
        self.embed_table = encoder.embed_table

    def embed_conformers(self, table: pa.Table) -> Embedded:
        return self._screen.embed(self._encoder, table)


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
    encoder: Embedder | None = None
    table: pa.Table | None = None
    embedded: Embedded | None = None

    def run(self) -> None:
        self.go_on.wait()
        try:
            self.work(self)
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
        self._halt()
        found, self.wanted, self.found = self.found, None, None
        # What cannot be searched together says why by itself.
        return search(reader, queries, k, **more) if found is None else found

    def embedder(self, encoder: Embedder) -> Embedder:
        """Embed as `encoder` does, with the others."""
        return _Joint(encoder, self)

    def embed(self, encoder: Embedder, table: pa.Table) -> Embedded:
        """Embed conformers with those that others want of the encoder."""
        self.encoder, self.table = encoder, table
        self._halt()
        found, self.table, self.embedded = self.embedded, None, None
        return encoder.embed_conformers(table) if found is None else found

    def _halt(self) -> None:
        self.go_on.clear()
        self.halted.set()
        self.go_on.wait()

    def step(self) -> None:
        """Let it run until it wants something, or ends."""
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
            while embedding := [screen for screen in going if screen.table is not None]:
                _embed(embedding)
                for screen in embedding:
                    screen.step()
            going = [screen for screen in going if not screen.is_over]
            _search(going)
        for one in done:
            one.result()

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)


def _sharing(
    screens: Sequence[_Screen], of: Callable[[_Screen], T | None]
) -> Iterator[tuple[T, list[_Screen]]]:
    """Yield each encoder or index that several screens want something of, and these."""
    groups: dict[int, tuple[T, list[_Screen]]] = {}
    for screen in screens:
        wanted = of(screen)
        if wanted is not None:
            groups.setdefault(id(wanted), (wanted, []))[1].append(screen)
    yield from (group for group in groups.values() if len(group[1]) > 1)


def _embed(screens: Sequence[_Screen]) -> None:
    """Embed what screens want of one encoder in one batch; a single one does it by itself."""
    for encoder, several in _sharing(screens, lambda screen: screen.encoder):
        tables = [one.table for one in several if one.table is not None]
        try:
            vectors, owner = encoder.embed_conformers(pa.concat_tables(tables))
        except Exception:  # noqa: BLE001, S112  each then embeds alone, and says what is wrong
            continue
        first = 0
        for one, table in zip(several, tables, strict=True):
            mine = (first <= owner) & (owner < first + len(table))
            one.embedded = vectors[mine], owner[mine] - first
            first += len(table)


def _search(screens: Sequence[_Screen]) -> None:
    """Find what screens want, those of one index in one pass; a single one finds it by itself."""
    for reader, several in _sharing(screens, lambda screen: screen.reader):
        try:
            lists = search_lists(reader, [one.wanted for one in several if one.wanted is not None])
        except Exception:  # noqa: BLE001, S112  each then searches alone, and says what is wrong
            continue
        for one, found in zip(several, lists, strict=True):
            one.found = found
