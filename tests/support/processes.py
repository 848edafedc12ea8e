"""Processes that tests start."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def ending(process: subprocess.Popen[Any], seconds: float = 60) -> Iterator[None]:
    """End a server when a test is done with it; one that does not end when asked is a fault."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
