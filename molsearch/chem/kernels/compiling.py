"""How loops are compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from molsearch.machine_code import compiled, is_kept

_HERE = Path(__file__).parent
# Whatever a loop is compiled from, or takes a number from.
_SOURCES = sorted(one for folder in (_HERE, _HERE.parent / "bulk") for one in folder.glob("*.py"))


def is_compiled() -> bool:
    """Whether this account has compiled them before."""
    return is_kept("counting.count_all", _SOURCES)


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function be compiled as a part of those that call it."""
    from numba import njit

    return njit(inline="always")(function)


def outer(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called, or load what was compiled of it."""
    return compiled(_SOURCES, nogil=True, error_model="numpy")(function)
