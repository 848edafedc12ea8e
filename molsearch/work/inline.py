"""Work in this process: for small things, tests, and debuggers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence

from molsearch.work.backend import Item, Lost, Outcome, reason_of


class Inline:
    """Applies tasks here and now; a crash of the task is a crash of this process."""

    slots = 1

    def map(
        self,
        task: Callable[[Item], Outcome],
        chunks: Iterable[Sequence[Item]],
        lost: Lost[Item, Outcome] | None = None,
    ) -> Generator[list[Outcome], None, None]:
        """See `molsearch.work.backend.Backend.map`."""
        for chunk in chunks:
            yield [_outcome(task, item, lost) for item in chunk]


def _outcome(
    task: Callable[[Item], Outcome], item: Item, lost: Lost[Item, Outcome] | None
) -> Outcome:
    if lost is None:
        return task(item)
    try:
        return task(item)
    except Exception as error:  # noqa: BLE001  one item must not cost its neighbours
        return lost(item, reason_of(error))
