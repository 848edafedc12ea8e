"""Items that go to a crew together, and what became of each."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from molsearch.errors import MolSearchError
from molsearch.work.backend import reason_of

_ALL_LOST = 8  # items of a job that are all lost: the machine is at fault, not they


@dataclass(slots=True)
class Parcel:
    """Consecutive items and what became of them."""

    items: Sequence[Any]
    outcomes: dict[int, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Count the items that nothing has become of yet."""
        return len(self.items) - len(self.outcomes)

    def settle(self, position: int, outcome: Any) -> None:
        """Note the outcome of one item."""
        assert position not in self.outcomes, "an item with two outcomes"
        self.outcomes[position] = outcome

    def lose(self, position: int, outcome: Any, reason: str) -> None:
        """Note what stands for an item that was lost."""
        self.settle(position, outcome)
        self.lost.append(reason)

    def finished(self) -> list[Any]:
        """Return the outcomes of all items, in order.

        Raises
        ------
        MolSearchError
            A worker died on each of them.
        """
        assert not self.left, "an item without an outcome"
        if len(self.lost) == len(self.items) >= _ALL_LOST:
            raise MolSearchError(
                f"workers die on every record ({self.lost[-1]}): "
                "free some memory, or run fewer workers (-n)"
            )
        return [self.outcomes[position] for position in range(len(self.items))]


@dataclass(frozen=True, slots=True)
class Raised:
    """What a worker answers where a task raised."""

    reason: str
    kind: type[MolSearchError] | None
    said: str

    @classmethod
    def by(cls, error: Exception) -> Raised:
        """Keep what it says: a refusal of ours with its kind, any other error with its trace."""
        if isinstance(error, MolSearchError):
            return cls(reason_of(error), type(error), str(error))
        return cls(reason_of(error), None, "".join(traceback.format_exception(error)))

    def error(self) -> MolSearchError:
        """Make an error to raise in the parent."""
        if self.kind is not None:
            return self.kind(self.said)
        error = MolSearchError(self.reason)
        error.add_note(self.said)
        return error
