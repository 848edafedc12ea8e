"""Ctrl-C at the command line: heard by one thread of ours, and by nobody else.

A signal goes to any thread that lets it, and RDKit has a handler of its own in place while it
embeds (`molsearch.chem.signals`): the embedding would change and the interruption be lost. So
every thread keeps SIGINT out, worker processes inherit that, and one thread waits for it. It asks
the main thread to stop; where that is deep in a library and does not within seconds, the process
ends all the same. Nothing is lost: whatever is written is seen whole or not at all, and the same
command goes on.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
MESSAGE = "molsearch: interrupted; the same command continues where it stopped"
_LOOK = 0.1  # s between two looks for the signal
_PATIENCE = 3.0  # s that the main thread has to stop by itself
_SIGNALS = {signal.SIGINT}


@contextmanager
def heard() -> Iterator[None]:
    """Take Ctrl-C while inside; a process that ignores it goes on ignoring it."""
    if not hasattr(signal, "pthread_sigmask") or _is_not_main():
        yield
        return
    ignored = signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    over = threading.Event()
    if not ignored:
        threading.Thread(target=_wait, args=(over,), daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def give_back() -> None:
    """Let the program that takes this process's place hear Ctrl-C."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _wait(over: threading.Event) -> None:
    while not over.wait(_LOOK):
        if signal.SIGINT in signal.sigpending():
            signal.sigwait(_SIGNALS)
            _thread.interrupt_main()
            if not over.wait(_PATIENCE):
                _end()


def _end() -> None:
    """End the process and its workers as a kill would, which everything here is made for."""
    import psutil

    print(MESSAGE, file=sys.stderr, flush=True)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(INTERRUPTED)


def _is_not_main() -> bool:
    return threading.current_thread() is not threading.main_thread()
