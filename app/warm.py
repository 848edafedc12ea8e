"""Screens that answer at once: one process keeps an encoder and open indexes from click to click.

An index is warmed as soon as somebody has chosen it; a screen of it then takes a fraction of a
second, where a process of its own would spend seconds on its start alone. What is not warm, or
takes longer than a page may, is a job as ever.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from molsearch.service.requests import ScreenRequest
from molsearch_app.guard import BusyError, Guard, TooLongError, result

if TYPE_CHECKING:
    from molsearch.service.session import Session

VARIABLE = "MOLSEARCH_APP_WARM"  # 0 turns it off
SECONDS = 10.0
MOST_HITS = 10_000
_TO_WARM = 600.0
_ANY = "CCO"
_KEPT = 2 << 30  # bytes of encoders and indexes

_PROCESS = Guard(1, most_waiting=2)
_begun: dict[tuple[str, str], Future[None]] = {}
_lock = threading.Lock()


def is_on() -> bool:
    """Whether the operator lets a process stay."""
    return os.environ.get(VARIABLE, "") != "0"


def prepare(index: Path, encoder: str | None = None) -> None:
    """Begin to open an index and its encoder, where that has not begun; returns at once."""
    if not is_on():
        return
    key = (str(index), encoder or "")
    with _lock:
        known = _begun.get(key)
        if known is not None and not _failed(known):
            return
        try:
            _begun[key] = _PROCESS.submit(open_both, *key, seconds=_TO_WARM)
        except BusyError:
            return


def is_ready(request: ScreenRequest) -> bool:
    """Whether a request can be answered at once."""
    if not is_on() or request.index is None or request.k > MOST_HITS:
        return False
    known = _begun.get((request.index, request.encoder or ""))
    return known is not None and known.done() and not _failed(known)


def screen(request: ScreenRequest) -> bool:
    """Screen now, and write what the request names; False where a job must do it.

    Raises
    ------
    MolSearchError
        As a job would fail.
    """
    if not is_ready(request):
        return False
    try:
        result(_PROCESS.submit(answer, request.model_dump_json(), seconds=SECONDS), SECONDS)
    except (TooLongError, BusyError):
        with _lock:  # the process was ended: nothing is warm any more
            _begun.clear()
        return False
    return True


def _failed(future: Future[None]) -> bool:
    return future.done() and (future.cancelled() or future.exception() is not None)


def open_both(index: str, encoder: str) -> None:
    """Open an index and load an encoder, in the process that keeps them.

    One screen is done with them: the first one of a process pays for what it imports.
    """
    request = ScreenRequest(queries=(_ANY,), index=index, encoder=encoder or None, k=1)
    answer(request.model_dump_json())


def answer(request: str) -> None:
    """Screen with what is kept, in the process that keeps it."""
    from molsearch.service.screen import screen as run

    run(ScreenRequest.model_validate_json(request), _session())


@cache
def _session() -> Session:
    # Here, so that the page's own process never imports torch.
    from molsearch.service.session import Session

    return Session(memory_limit=_KEPT)
