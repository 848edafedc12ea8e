"""Small files read whole, without ever waiting: a pipe, or what is far too large, is an error."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

# Deeper than any file of ours. What is deeper may be parsed and yet exhaust the stack later on.
_DEEPEST = 100


def read_small(path: Path, most: int) -> bytes:
    """Read a regular file of at most `most` bytes.

    Raises
    ------
    OSError
        It cannot be read, is a pipe, a device or a folder, or is larger.
    """
    # Opening a pipe that nobody writes to would wait for ever.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(None, "not a regular file", str(path))
        if found.st_size > most:
            raise OSError(None, f"{found.st_size:,} bytes, where {most:,} are the most", str(path))
        return file.read()


def parse_json(content: bytes) -> object:
    """Parse JSON that is nested no deeper than any file of ours.

    Raises
    ------
    ValueError
        It is not JSON, or nested beyond all measure.
    """
    try:
        found: object = json.loads(content)
    except RecursionError:
        raise ValueError("nested beyond all measure") from None
    level = [found]
    for _ in range(_DEEPEST):
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [v for one in inner for v in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return found
    raise ValueError(f"nested more than {_DEEPEST} deep")
