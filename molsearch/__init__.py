"""molsearch: a few active molecules in, a ranked and explained hit list out."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Public names are imported on first use, so that `import molsearch` and `--help` stay quick.
_PUBLIC = {
    "Hits": "molsearch.api",
    "Library": "molsearch.api",
    "Index": "molsearch.api",
    "cluster": "molsearch.api",
    "explain": "molsearch.api",
    "load_encoder": "molsearch.api",
    "pick": "molsearch.api",
    "screen": "molsearch.api",
    "search_space": "molsearch.api",
}

__all__ = [
    "Hits",
    "Index",
    "Library",
    "__version__",
    "cluster",
    "explain",
    "load_encoder",
    "pick",
    "screen",
    "search_space",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'molsearch' has no attribute {name!r}")
