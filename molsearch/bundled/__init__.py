"""What ships beside the code: data sets' descriptions, the example library, committed results.

In a checkout they are the folders ``datasets`` and ``results`` of the tree. A wheel holds the same
files inside this package, where the build puts them (``setup.py``): there is one copy of each.
"""

from __future__ import annotations

from pathlib import Path

from molsearch.errors import UsageError

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1]


def checkout() -> Path | None:
    """Folder of the checkout that molsearch is imported from; None where it is installed."""
    return None if (_HERE / "datasets").is_dir() else _CHECKOUT


def path(*parts: str) -> Path:
    """Path of a bundled file or folder, as in ``path("datasets", "example", "library.csv")``."""
    return (checkout() or _HERE).joinpath(*parts)


def guide(name: str) -> str:
    """Where a data set is described and how to obtain it, as one would open it from here."""
    found = path("datasets", f"{name}.md")
    here = Path.cwd()
    return str(found.relative_to(here) if found.is_relative_to(here) else found)


def example() -> Path:
    """Folder of the bundled example library.

    Raises
    ------
    UsageError
        Its files are gone.
    """
    folder = path("datasets", "example")
    if not (folder / "library.csv").is_file():
        raise UsageError(
            f"no example library at {folder}: files of the installation are gone; install "
            "molsearch anew"
        )
    return folder
