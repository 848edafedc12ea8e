"""Progress on stderr: a live bar on a terminal, a plain line every half minute elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from molsearch.words import clock


class Progress:
    """Counts molecules of one stage, with rate, time left (where the total is known), failures.

    Parameters
    ----------
    stage
        Word shown before the counts.
    total
        Expected number of molecules, or ``None`` for a stream of unknown length.
    quiet
        Print nothing at all.

    Examples
    --------
    >>> with Progress("embedding", total=10, quiet=True) as progress:
    ...     progress.update(done=10, failed=0)
    """

    def __init__(self, stage: str, total: int | None = None, *, quiet: bool = False) -> None:
        self.stage = stage
        self.total = total
        self.quiet = quiet
        self.done = 0
        self.failed = 0
        self._terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._printed = self._started
        self._base = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the line with the last counts."""
        if not self.quiet:
            self._print("\n")

    def resumed(self, done: int) -> None:
        """Count `done` molecules as finished earlier, so that they do not flatter the rate."""
        self.done = self._base = done

    def update(self, done: int, failed: int = 0) -> None:
        """Set the absolute counts so far (done counts good and failed alike)."""
        self.done, self.failed = done, failed
        now = time.monotonic()
        if not self.quiet and now - self._printed >= (0.2 if self._terminal else 30.0):
            self._printed = now
            self._print("" if self._terminal else "\n")

    def _print(self, end: str) -> None:
        elapsed = max(time.monotonic() - self._started, 1e-9)
        rate = (self.done - self._base) / elapsed
        parts = [f"{self.stage}: {self.done:,}"]
        if self.total:
            parts[0] += f" of {self.total:,}"
        parts.append(f"{rate:,.0f}/s")
        if self.total and rate > 0 and self.done < self.total:
            parts.append(f"{clock((self.total - self.done) / rate)} left")
        else:
            parts.append(clock(elapsed))
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        line = " · ".join(parts)
        lead = "\r\x1b[2K" if self._terminal else ""
        print(f"{lead}{line}", end=end, file=sys.stderr, flush=True)
