"""glibc allocator settings without which training and embedding on the CPU crawl.

Large short-lived tensors make glibc map and unmap pages at every step. The settings must be
in the environment before the process starts, so a heavy verb re-executes itself once.
"""

from __future__ import annotations

import os
import sys

SETTINGS = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
}
_OFF = "MOLSEARCH_KEEP_ALLOCATOR"


def ensure_allocator() -> None:
    """Re-execute the running command under `SETTINGS`, unless they or an opt-out are set.

    Linux only: the settings mean nothing to other C libraries. Set
    ``MOLSEARCH_KEEP_ALLOCATOR=1`` to keep the environment's own allocator.
    """
    if not sys.platform.startswith("linux") or os.environ.get(_OFF):
        return
    if any(name in os.environ for name in SETTINGS):
        return
    environment = {**os.environ, **SETTINGS, _OFF: "1"}
    command = [sys.executable, "-m", "molsearch", *sys.argv[1:]]
    os.execve(sys.executable, command, environment)  # noqa: S606  no shell, own arguments
