"""Ctrl-C kept from RDKit, which takes it for itself while it embeds.

RDKit puts a handler of its own in place of whatever stands, even where the process ignores the
signal. Caught by it, an embedding gives up: the molecule gets other coordinates from the next try,
or none, and Python never hears of the interruption.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Keep Ctrl-C from this thread, and from processes that it starts; it comes afterwards.

    Other threads of the process may still receive it. The command line keeps it from them too.
    """
    if not hasattr(signal, "pthread_sigmask"):  # not a POSIX system
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
