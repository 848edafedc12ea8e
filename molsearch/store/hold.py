"""Readers hold their generation: a writer removes no folder that somebody still reads.

A hold is a shared operating-system lock on the generation's folder. It dies with its reader or
its process. Where the system or the file system has no such locks, nothing is held, and a reader
is safe for one rebuild only: a writer keeps the generation before its own in any case.
"""

from __future__ import annotations

import os
import shutil
import weakref
from pathlib import Path

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]


def hold(owner: object, folder: Path) -> None:
    """Keep `folder` from `remove_free` for as long as `owner` lives; none where it is not there."""
    if fcntl is None:
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    weakref.finalize(owner, os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return  # being removed, or the file system has no locks


def remove_free(folder: Path) -> bool:
    """Remove `folder` unless a reader holds it; say whether it is gone.

    Raises
    ------
    OSError
        A file in it cannot be removed.
    """
    if fcntl is None:
        shutil.rmtree(folder)
        return True
    handle = os.open(folder, os.O_RDONLY)
    try:
        if _held(handle):
            return False
        shutil.rmtree(folder)  # under the lock: no reader takes hold of half a generation
        return True
    finally:
        os.close(handle)


def _held(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass  # a file system without locks
    return False
