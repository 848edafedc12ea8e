"""Work in processes of this machine, with the order kept and memory bounded."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Any

from molsearch.work.backend import Chunks, Item, Lost, Outcome
from molsearch.work.crew import Crew
from molsearch.work.inline import Inline
from molsearch.work.job import Parcel

_IN_FLIGHT = 3  # chunks a worker: enough to keep it fed while a slow chunk holds the order


class OnCrew:
    """Works in local processes: `molsearch.work.backend.Backend` on a `Crew`.

    Parameters
    ----------
    workers
        Number of processes, at least 1.
    limit
        Seconds of processor time after which a worker is killed over one item.
    keep
        Keep the processes for the next work of the same task.
    preload
        Modules that its tasks will import, see `molsearch.work.nursery`.
    """

    def __init__(
        self,
        workers: int,
        limit: float = math.inf,
        *,
        keep: bool = False,
        preload: Sequence[str] = (),
    ) -> None:
        self._workers = workers
        self._limit = limit
        self._keep = keep
        self._preload = preload
        self._kept: tuple[Any, Crew] | None = None

    @property
    def slots(self) -> int:
        """How many chunks are worked on at once."""
        return self._workers

    def map(
        self,
        task: Callable[[Item], Outcome],
        chunks: Iterable[Sequence[Item]],
        lost: Lost[Item, Outcome] | None = None,
    ) -> Generator[list[Outcome], None, None]:
        """See `molsearch.work.backend.Backend.map`."""
        crew = self._crew(task, lost)
        over = False
        try:
            yield from through(crew, chunks, _IN_FLIGHT * self._workers)
            over = True
        finally:
            if not (over and self._keep):
                crew.close()
                self._kept = None

    def _crew(self, task: Any, lost: Any) -> Crew:
        what = (_known(task), lost)
        if self._kept is not None:
            if self._kept[0] == what:
                return self._kept[1]
            self._kept[1].close()
        crew = Crew(self._workers, task, self._limit, lost, self._preload)
        self._kept = (what, crew) if self._keep else None
        return crew


def _known(task: Any) -> Any:
    """Take a task apart, for two partials of the same are not equal."""
    if not isinstance(task, partial):
        return task
    given = [(name, _known(value)) for name, value in sorted(task.keywords.items())]
    return (_known(task.func), task.args, given)


def through(
    crew: Crew, chunks: Iterable[Sequence[Any]], in_flight: int = _IN_FLIGHT
) -> Generator[list[Any], None, None]:
    """Send chunks through a crew, which is idle again afterwards unless this raised."""
    stream = Chunks(chunks)
    waiting: deque[Parcel] = deque()
    while True:
        while len(waiting) < in_flight and (chunk := stream.next()) is not None:
            waiting.append(Parcel(chunk))
            crew.submit(waiting[-1])
        if not waiting:
            break
        while waiting[0].left:
            crew.step()
        yield waiting.popleft().finished()
    if stream.error is not None:
        raise stream.error


def local(workers: int, limit: float = math.inf) -> Inline | OnCrew:
    """Work in as many processes of this machine; where it is one, in this one."""
    return Inline() if workers <= 1 else OnCrew(workers, limit)
