"""What killed writers leave behind: temporary files that no name was ever given to."""

from __future__ import annotations

from pathlib import Path

_TEMPORARY = ".*.tmp-*"  # as `molsearch.io.atomic.replacing` names them


def strays(*folders: Path, deep: bool = False) -> list[Path]:
    """Find temporary files in folders; in those below them too where `deep`."""
    return [
        stray
        for folder in folders
        for stray in (folder.rglob(_TEMPORARY) if deep else folder.glob(_TEMPORARY))
    ]


def sweep(*folders: Path) -> None:
    """Remove the temporary files in folders, which their writer alone may do."""
    for stray in strays(*folders):
        stray.unlink(missing_ok=True)
