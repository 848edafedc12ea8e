"""What of a generation is written by now, told as it comes."""

from __future__ import annotations

from dataclasses import dataclass

from molsearch.progress import OnProgress


@dataclass
class Tally:
    """Molecules done, and of these failed.

    Attributes
    ----------
    on_progress
        Told of both after each addition; None for nobody.
    """

    on_progress: OnProgress | None
    done: int = 0
    failed: int = 0

    def add(self, rows: int, bad: int) -> None:
        """Count `rows` more molecules, `bad` of which failed."""
        self.done, self.failed = self.done + rows, self.failed + bad
        if self.on_progress is not None:
            self.on_progress(self.done, self.failed)
