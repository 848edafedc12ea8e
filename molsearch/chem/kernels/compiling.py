"""How loops are compiled, and where what was compiled is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

_HERE = Path(__file__).parent
# Whatever a loop is compiled from, or takes a number from.
_SOURCES = (_HERE, _HERE.parent / "bulk")


@cache
def folder() -> Path:
    """Folder of this version's machine code in the user's cache; need not exist."""
    digest = hashlib.sha256()
    for source in sorted(one for folder in _SOURCES for one in folder.glob("*.py")):
        digest.update(source.read_bytes())
    return Path(platformdirs.user_cache_dir("molsearch")) / "loops" / digest.hexdigest()[:16]


def is_compiled() -> bool:
    """Whether this account has compiled them before; asks no Numba, which takes its time."""
    return any(folder().rglob("counting.count_all-*.nbi"))


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function be compiled as a part of those that call it."""
    from numba import njit

    return njit(inline="always")(function)


def outer(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called, or load what was compiled of it."""
    from numba import config, njit

    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    before = config.CACHE_DIR
    # Numba tells by a function's own file whether what it keeps is still good.
    config.CACHE_DIR = str(folder())
    try:
        folder().mkdir(parents=True, exist_ok=True)
        return njit(cache=True, **options)(function)
    except (OSError, RuntimeError):  # nowhere to keep it: compiled by every process
        return njit(**options)(function)
    finally:
        config.CACHE_DIR = before
