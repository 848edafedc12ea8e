"""Answers that stay at hand: who asks the same of the same library again waits for nothing.

A screen depends on its body and on the generation of the library, and on nothing else. Clients that
ask the same at one time wait for one computation.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from molsearch.index.layout import MANIFEST
from molsearch.server.bodies import ScreenBody

Key = tuple[bytes, tuple[int, int, int]]


@dataclass(frozen=True)
class Answer:
    """Bytes of an answer, and what they are."""

    content: bytes
    media: str


class Answers:
    """Answers by what was asked, those used longest ago go first. For one event loop.

    Parameters
    ----------
    limit
        Bytes that are kept; 0 keeps none, though clients that ask at one time still share.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Key, Answer] = OrderedDict()
        self._coming: dict[Key, asyncio.Task[Answer | None]] = {}
        self.n_bytes = 0
        self.n_found = 0

    async def of(
        self, key: Key | None, make: Callable[[], Awaitable[Answer | None]]
    ) -> Answer | None:
        """Find an answer, wait for the one that is coming, or make it.

        Parameters
        ----------
        key
            What is asked; None for what is not to be kept.
        make
            Makes it; None is an answer for one client alone, and is not shared.

        Raises
        ------
        Exception
            As of `make`, to everybody who waits for it.
        """
        if key is None:
            return await make()
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            self.n_found += 1
            return kept
        if key in self._coming:
            self.n_found += 1
            # A client that hangs up takes nothing away from the others.
            return await asyncio.shield(self._coming[key])
        task = asyncio.ensure_future(make())
        self._coming[key] = task
        task.add_done_callback(lambda done: self._came(key, done))
        return await asyncio.shield(task)

    def _came(self, key: Key, task: asyncio.Task[Answer | None]) -> None:
        del self._coming[key]
        if task.cancelled() or task.exception() is not None:
            return
        answer = task.result()
        if answer is None or len(answer.content) > self._limit:
            return
        self._kept[key] = answer
        self.n_bytes += len(answer.content)
        while self.n_bytes > self._limit:
            self.n_bytes -= len(self._kept.popitem(last=False)[1].content)


def key_of(body: ScreenBody, path: Path) -> Key | None:
    """Name what an answer depends on; None for a job, and where there is no library any more."""
    if body.job:
        return None
    try:
        found = (path / MANIFEST).stat()
    except OSError:
        return None
    # A summary: a body may be long, its vectors and queries are many.
    asked = hashlib.sha256(f"{path}\n{body.model_dump_json()}".encode()).digest()
    return asked, (found.st_ino, found.st_size, found.st_mtime_ns)
