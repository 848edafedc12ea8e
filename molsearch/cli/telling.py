"""Events of the service as lines and bars on stderr."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from molsearch.cli.progress import Progress as Bar
from molsearch.service import events


class Terminal:
    """Tells what happens; when quiet, only warnings and what is important.

    A stage whose first news is all its news was done earlier, and is not told.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Bar | None = None
        self._news = False

    def __call__(self, event: events.Event) -> None:
        """Tell one event."""
        match event:
            case events.Progress():
                self._progress(event)
            case events.Waiting(reason=reason):
                say(f"waiting: {reason}", quiet=self._quiet)
            case events.Note(text=text, important=important):
                say(text, quiet=self._quiet and not important)
            case events.Warned(text=text):
                say(f"molsearch: warning: {text}", quiet=False)

    def _progress(self, event: events.Progress) -> None:
        if event.note:
            self._noted(event)
            return
        if self._bar is None or self._bar.stage != event.stage:
            # From here the clock runs: the first batch counts in the rate.
            self._bar = Bar(event.stage, event.total, quiet=self._quiet)
            self._bar.resumed(event.done)
            self._news = False
        elif not event.ended:
            self._news = True
            self._bar.update(event.done, event.failed)
        if event.ended:
            if self._news:
                self._bar.close()
            self._bar = None

    def _noted(self, event: events.Progress) -> None:
        """Give a moment that there is more to say of a line of its own."""
        if self._bar is not None and self._news:
            self._bar.close()
        self._bar = None
        of = "" if event.total is None else f" of {event.total:,}"
        say(f"{event.stage}: {event.done:,}{of} · {event.note}", quiet=self._quiet)


def say(line: str, *, quiet: bool) -> None:
    """Print one line on stderr, unless `quiet`."""
    if not quiet:
        print(line, file=sys.stderr)


@contextmanager
def warnings_as(emit: events.Emit) -> Iterator[None]:
    """Tell molsearch's own Python warnings as events."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, UserWarning):
            emit(events.Warned(text=" ".join(str(message).split())))

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def plain_warnings() -> AbstractContextManager[None]:
    """Show molsearch's own warnings as one plain line each, even when quiet."""
    return warnings_as(Terminal(quiet=True))
