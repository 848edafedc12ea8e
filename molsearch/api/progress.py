"""Progress where Python is used: a bar in a notebook, lines on a terminal where asked for."""

from __future__ import annotations

import html
import importlib
import sys
from collections.abc import Callable
from typing import Any

from molsearch.progress import OnProgress
from molsearch.service import events
from molsearch.service.events import Emit

#: How progress is told: True and False, or None for a bar in notebooks alone; or a function that
#: takes the records done and those that failed.
Told = bool | OnProgress | None


def telling(progress: Told, stage: str = "") -> Emit:
    """Choose how to tell what happens.

    Parameters
    ----------
    stage
        The stage that a function is told of.
    """
    if callable(progress):
        return _calling(progress, stage)
    display = _display()
    if progress is False or (progress is None and display is None):
        return events.silent
    return _lines if display is None else Bars(display)


def _calling(progress: OnProgress, stage: str) -> Emit:
    def emit(event: events.Event) -> None:
        if isinstance(event, events.Progress) and event.stage == stage:
            progress(event.done, event.failed)

    return emit


def _lines(event: events.Event) -> None:
    """Say on stderr what a stage came to, and what is worth knowing."""
    match event:
        case events.Progress(ended=True):
            failed = f", {event.failed:,} failed" if event.failed else ""
            print(f"{event.stage}: {event.done:,}{failed}", file=sys.stderr)  # noqa: T201
        case events.Waiting(reason=text) | events.Note(text=text):
            print(text, file=sys.stderr)  # noqa: T201


def _display() -> Callable[..., Any] | None:
    """IPython's display function inside a notebook; None elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    # A terminal's IPython shows no HTML.
    if shell is None or not hasattr(shell, "kernel"):
        return None
    display: Callable[..., Any] = importlib.import_module("IPython.display").display
    return display


class Bars:
    """One bar a stage in a notebook, rewritten in place."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._stage, self._handle = "", None

    def __call__(self, event: events.Event) -> None:
        """Show one event."""
        if not isinstance(event, events.Progress):
            return
        shown = Shown(bar(event))
        if event.stage == self._stage and self._handle is not None:
            self._handle.update(shown)
            return
        self._stage = event.stage
        self._handle = self._display(shown, display_id=True)


class Shown:
    """A bar that a notebook draws, and that prints as plain text."""

    def __init__(self, parts: tuple[str, str]) -> None:
        self._html, self._text = parts

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return self._text


def bar(event: events.Progress) -> tuple[str, str]:
    """Give a bar as HTML, and as text."""
    of = "" if event.total is None else f" of {event.total:,}"
    failed = f", {event.failed:,} failed" if event.failed else ""
    text = f"{event.stage}: {event.done:,}{of}{failed}"
    share = "" if event.total is None else f" max='{event.total}' value='{event.done}'"
    if event.ended:
        share = " max='1' value='1'"
    return f"<progress{share}></progress> {html.escape(text)}", text
