"""The threads that compute, each with a warm session of its own, and the queue before them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from molsearch.search.together import Shared, Together
from molsearch.server.refusals import Refused
from molsearch.service.session import Session

T = TypeVar("T")
TOGETHER = 16  # screens that share passes over a library


@dataclass(frozen=True)
class _Piece:
    """Work that waits: with a session alone, or with others that search at the same time."""

    alone: Callable[[Session], Any] | None = None
    shared: Callable[[Session, Shared], Any] | None = None
    future: Future[Any] = field(default_factory=Future)

    def begins(self) -> bool:
        """Whether somebody still waits for it; from now on it cannot be taken back."""
        return self.future.set_running_or_notify_cancel()

    def end(self, work: Callable[[], Any]) -> None:
        """Do it, and hand over what it gives or raises to who waits for it."""
        try:
            found = work()
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            self.future.set_exception(error)
        else:
            self.future.set_result(found)


class _Own(threading.local):
    """What a thread keeps."""

    session: Session | None = None
    together: Together | None = None


class Desk:
    """Runs work in threads, one piece a thread at a time, in the order of asking.

    Screens that wait are taken several at a time, wherever they stand: the first of them would
    wait no less if the others came behind it.

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
        self._own = _Own()
        self._sessions: list[Session] = []
        self._meetings: list[Together] = []
        self._queue: deque[_Piece] = deque()
        self._taking = threading.Lock()
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
        found: T = await self._wait(_Piece(alone=work), seconds)
        return found

    async def share(self, work: Callable[[Session, Shared], T], seconds: float) -> T:
        """Do `work` with a warm session, its queries and searches with those of others that wait.

        Raises
        ------
        Refused
            As of `do`.
        """
        found: T = await self._wait(_Piece(shared=work), seconds)
        return found

    async def _wait(self, piece: _Piece, seconds: float) -> Any:
        if not self.has_room:
            raise Refused(503, "the server is busy; ask again later", retry_after=2)
        self.n_waiting += 1
        loop = asyncio.get_running_loop()
        # Counted until it has ended, not until somebody has ceased to wait for it.
        piece.future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._left))
        with self._taking:
            self._queue.append(piece)
        self._pool.submit(self._next)
        waited = asyncio.wrap_future(piece.future)
        waited.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.wait_for(asyncio.shield(waited), seconds)
        except TimeoutError:
            piece.future.cancel()
            raise Refused(
                503, f"no answer within {seconds:g} s; ask for it as a job", retry_after=5
            ) from None

    def _left(self) -> None:
        self.n_waiting -= 1

    def _next(self) -> None:
        """Do what has waited longest; nothing where that was taken with what came before it."""
        pieces = [piece for piece in self._taken() if piece.begins()]
        if not pieces:
            return
        session, first = self._session(), pieces[0]
        if (alone := first.alone) is not None:
            first.end(lambda: alone(session))
        else:
            self._together().run([_with(piece, session) for piece in pieces])

    def _taken(self) -> list[_Piece]:
        with self._taking:
            if not self._queue:
                return []
            first = self._queue.popleft()
            if first.shared is None:
                return [first]
            others = [piece for piece in self._queue if piece.shared is not None]
            # Other threads want to be busy too.
            some = others[: min(TOGETHER - 1, len(others) // self._threads)]
            for piece in some:
                self._queue.remove(piece)
            return [first, *some]

    def _session(self) -> Session:
        if self._own.session is None:
            self._own.session = Session(memory_limit=self._limit)
            self._sessions.append(self._own.session)
        return self._own.session

    def _together(self) -> Together:
        if self._own.together is None:
            self._own.together = Together(TOGETHER)
            self._meetings.append(self._own.together)
        return self._own.together

    def close(self) -> None:
        """Finish what has begun, and drop what waits."""
        with self._taking:
            dropped = list(self._queue)
            self._queue.clear()
        for piece in dropped:
            piece.future.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for meeting in self._meetings:
            meeting.close()


def _with(piece: _Piece, session: Session) -> Callable[[Shared], None]:
    work = piece.shared
    assert work is not None
    return lambda shared: piece.end(lambda: work(session, shared))
