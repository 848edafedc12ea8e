"""Arguments as users give them: one thing or several, options by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from molsearch.config import Config
from molsearch.errors import UsageError

T = TypeVar("T", bound=Config)
OnProgress = Callable[[int, int], None]
Paths = str | Path | Sequence[str | Path]
_SEVERAL = ("include_smarts", "exclude_smarts", "where")


def listed(paths: Paths) -> list[str | Path]:
    """Make a list of one or several."""
    return [paths] if isinstance(paths, str | Path) else list(paths)


def config_of(kind: type[T], fields: dict[str, Any]) -> T:
    """Build a configuration from keyword arguments.

    Raises
    ------
    UsageError
        A field is unknown, or its value is out of range.
    """
    # One pattern or condition stands for a list of one.
    given = {
        name: (value,) if name in _SEVERAL and isinstance(value, str) else value
        for name, value in fields.items()
    }
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{name}: {first['msg']}") from error


def cpus(workers: int | None) -> int:
    """Worker processes: those asked for, or one a processor."""
    return workers or os.cpu_count() or 1
