"""Arguments as users give them: one thing or several, options by name."""

from __future__ import annotations

import os
from typing import Any, TypeVar

from molsearch.config import Config
from molsearch.service.requests import validated

T = TypeVar("T", bound=Config)
_SEVERAL = ("include_smarts", "exclude_smarts", "where", "exclude_ids", "dissimilar_to")


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
    return validated(kind, given)


def cpus(workers: int | None) -> int:
    """Worker processes: those asked for, or one a processor."""
    return workers or os.cpu_count() or 1
