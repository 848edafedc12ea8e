"""The threads that compute, each with a warm session of its own, and the queue before them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from molsearch.server.refusals import Refused
from molsearch.service.session import Session

T = TypeVar("T")


class Desk:
    """Runs work in threads, one piece a thread at a time, in the order of asking.

    Parameters
    ----------
    threads
        How many; each keeps encoders and indexes of its own, whose vectors are mapped and shared.
    queue
        Pieces that may wait.
    memory_limit
        Bytes that all sessions together keep.
    """

    def __init__(self, *, threads: int, queue: int, memory_limit: int | None) -> None:
        self._threads = threads
        self._most = queue + threads
        self._limit = None if memory_limit is None else memory_limit // threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="screen")
        self._own = threading.local()
        self._sessions: list[Session] = []
        self.n_waiting = 0

    @property
    def n_bytes(self) -> int:
        """Bytes that the sessions keep."""
        return sum(session.n_bytes for session in self._sessions)

    @property
    def has_room(self) -> bool:
        """Whether one more piece may wait."""
        return self.n_waiting < self._most

    async def do(self, work: Callable[[Session], T], seconds: float) -> T:
        """Do `work` with a warm session.

        Raises
        ------
        Refused
            503 where too many wait, or the answer takes longer than `seconds`.
        """
        if not self.has_room:
            raise Refused(503, "the server is busy; ask again later", retry_after=2)
        self.n_waiting += 1
        loop = asyncio.get_running_loop()
        future = self._pool.submit(self._with_session, work)
        # Counted until it has ended, not until somebody has ceased to wait for it.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._left))
        waited = asyncio.wrap_future(future)
        waited.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.wait_for(asyncio.shield(waited), seconds)
        except TimeoutError:
            future.cancel()
            raise Refused(
                503, f"no answer within {seconds:g} s; ask for it as a job", retry_after=5
            ) from None

    def _left(self) -> None:
        self.n_waiting -= 1

    def _with_session(self, work: Callable[[Session], T]) -> T:
        if not hasattr(self._own, "session"):
            self._own.session = Session(memory_limit=self._limit)
            self._sessions.append(self._own.session)
        return work(self._own.session)

    def close(self) -> None:
        """Finish what has begun, and drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)
