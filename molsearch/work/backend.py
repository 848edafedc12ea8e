"""What every place of work has in common: a task, chunks in, outcomes out in their order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import islice
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

# What becomes of an item that cost a worker its life, or raised, given the reason.
Lost = Callable[[Item, str], Outcome]


class Backend(Protocol):
    """Applies a task to items, wherever its workers are."""

    @property
    def slots(self) -> int:
        """How many chunks are worked on at once."""
        ...

    def map(
        self,
        task: Callable[[Item], Outcome],
        chunks: Iterable[Sequence[Item]],
        lost: Lost[Item, Outcome] | None = None,
    ) -> Generator[list[Outcome], None, None]:
        """Apply `task` to every item.

        Parameters
        ----------
        task
            Module-level function, or a partial of one.
        chunks
            What a worker is sent at a time; read as the workers need them, so that a few chunks a
            worker are in memory.
        lost
            Makes the outcome of an item over which a worker died, hung or raised, from the item
            and the reason; the items beside it notice nothing. Without it any of these is an
            error.

        Yields
        ------
        The outcomes of the next chunk, one for each item, in order.

        Raises
        ------
        MolSearchError
            Workers cannot start, die whatever they are given, or (without `lost`) over an item.

        Whatever `chunks` raises is raised again after the outcomes of all chunks before it.
        """
        ...


class Chunks(Generic[Item]):
    """Hands out the chunks of a stream and keeps the error that ended it for later."""

    def __init__(self, chunks: Iterable[Sequence[Item]]) -> None:
        self._chunks = iter(chunks)
        self.error: Exception | None = None

    def next(self) -> Sequence[Item] | None:
        """Return the next chunk; None after the last one."""
        if self.error is not None:
            return None
        try:
            return next(self._chunks, None)
        except Exception as error:  # noqa: BLE001  raised again once its turn comes
            self.error = error
            return None


def cut(items: Iterable[Item], size: int) -> Generator[list[Item], None, None]:
    """Cut a stream into lists; what was read before an error counts, then the error is raised."""
    stream = iter(items)
    while True:
        chunk: list[Item] = []
        try:
            for item in islice(stream, size):
                chunk.append(item)  # noqa: PERF402  see above
        except Exception:
            if chunk:
                yield chunk
            raise
        if not chunk:
            return
        yield chunk


def singly(items: Iterable[Item]) -> Generator[list[Item], None, None]:
    """Send each item by itself: for items that are large."""
    for item in items:
        yield [item]


def reason_of(error: Exception) -> str:
    """Say in a line what an exception says."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
