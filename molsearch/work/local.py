"""Work in processes of this machine, with the order kept and memory bounded."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence

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
    """

    def __init__(self, workers: int, limit: float = math.inf) -> None:
        self._workers = workers
        self._limit = limit

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
        crew = Crew(self._workers, task, self._limit, lost)
        stream = Chunks(chunks)
        waiting: deque[Parcel] = deque()
        try:
            while True:
                while len(waiting) < _IN_FLIGHT * self._workers:
                    if (chunk := stream.next()) is None:
                        break
                    waiting.append(Parcel(chunk))
                    crew.submit(waiting[-1])
                if not waiting:
                    break
                while waiting[0].left:
                    crew.step()
                yield waiting.popleft().finished()
        finally:
            crew.close()
        if stream.error is not None:
            raise stream.error


def local(workers: int, limit: float = math.inf) -> Inline | OnCrew:
    """Work in as many processes of this machine; where it is one, in this one."""
    return Inline() if workers <= 1 else OnCrew(workers, limit)
