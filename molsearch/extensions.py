"""Packages that add to molsearch: imported once, before a name is looked up.

A package names a module of its own under the entry point group `GROUP`; importing that module
registers what it brings. In a script or a notebook one registers directly. See docs/extending.md.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from molsearch.errors import UsageError

GROUP = "molsearch.extensions"


@cache
def load() -> tuple[str, ...]:
    """Import every extension that is installed; returns their names.

    Raises
    ------
    UsageError
        One of them cannot be imported.
    """
    names = []
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:
            raise UsageError(
                f"the extension {point.name!r} ({point.value}) cannot be imported: {error}; mend "
                "it or uninstall it"
            ) from error
        names.append(point.name)
    return tuple(names)
