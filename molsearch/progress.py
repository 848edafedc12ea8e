"""How work tells its progress."""

from __future__ import annotations

from collections.abc import Callable

#: Told how many are done, and how many of these failed.
OnProgress = Callable[[int, int], None]


def nobody(done: int, failed: int) -> None:
    """Tell nobody."""
