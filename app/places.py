"""Folders the application may touch: where runs are kept, and where indexes may lie."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from molsearch import bundled
from molsearch.cache import user_cache
from molsearch.errors import UsageError
from molsearch.index.layout import MANIFEST
from molsearch.io.folders import Kind, look

RUNS = "MOLSEARCH_RUNS"
ROOTS = "MOLSEARCH_ROOTS"
SHARED = "MOLSEARCH_APP_SHARED"
# What proxies add to a request they pass on.
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")
_DEPTH = 4
_MOST = 200


@dataclass(frozen=True)
class Found:
    """An index under an allowed root."""

    path: Path
    root: Path

    @property
    def label(self) -> str:
        """Path as a user knows it: the root's name and what lies below."""
        inner = self.path.relative_to(self.root)
        return str(Path(self.root.name) / inner)


def runs_root() -> Path:
    """Folder of all runs: ``$MOLSEARCH_RUNS``, else ``./runs``."""
    return Path(os.environ.get(RUNS) or "runs").absolute()


def cache() -> Path:
    """Folder of the user's cache."""
    return user_cache()


def roots() -> list[Path]:
    """Folders below which an index may be opened: the runs, and ``$MOLSEARCH_ROOTS``.

    Without that variable ``./demo`` and the user's cache, unless others use the application too.
    """
    given = os.environ.get(ROOTS)
    if given:
        chosen = [Path(part) for part in given.split(os.pathsep) if part]
    else:  # the operator's own demo and cache are nobody else's business
        chosen = [] if is_shared() else [Path("demo"), cache()]
    found = [runs_root(), *chosen]
    return list(dict.fromkeys(path.expanduser().absolute() for path in found))


def inside(path: str | Path, allowed: Sequence[Path] | None = None) -> Path:
    """Resolve a path and make sure that it lies below an allowed root, symbolic links followed.

    Raises
    ------
    UsageError
        It does not.
    """
    try:
        resolved = Path(path).expanduser().resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"{str(path)[:80]!r} is no path") from error
    for root in roots() if allowed is None else allowed:
        if resolved.is_relative_to(root.resolve()):
            return resolved
    raise UsageError(
        f"{str(path)[:80]!r} lies outside the folders this application may read; "
        f"add its folder to the variable {ROOTS} and start the application again"
    )


def find_indexes(allowed: Sequence[Path] | None = None) -> list[Found]:
    """Finished indexes below the allowed roots, newest first; a bounded look."""
    found: list[tuple[float, Found]] = []
    for root in roots() if allowed is None else allowed:
        for path in _walk(root, _DEPTH):
            if len(found) >= _MOST:
                break
            found.append(((path / MANIFEST).stat().st_mtime, Found(path, root)))
    unique = {one.path.resolve(): (when, one) for when, one in reversed(found)}
    return [one for _, one in sorted(unique.values(), key=lambda pair: -pair[0])]


def _walk(folder: Path, depth: int) -> list[Path]:
    try:
        inner = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    except OSError:
        return []
    found = []
    for path in inner:
        if path.name.startswith(".") or path.is_symlink():
            continue
        # A library in the cache keeps its prepared set beside the index: look below it too.
        if look(path).kind is Kind.INDEX and (path / MANIFEST).is_file():
            found.append(path)
        elif depth > 1:
            found += _walk(path, depth - 1)
    return found


def example(name: str) -> Path:
    """Path of a file of the bundled example."""
    return bundled.path("datasets", "example", name)


def is_shared() -> bool:
    """Whether several people use this application: then each sees only their own runs.

    Where nobody has said so (`SHARED`, which ``molsearch app`` sets by its options), it is shared
    with whoever comes through a proxy, which passes on for whom it asks.
    """
    said = os.environ.get(SHARED, "")
    return said == "1" if said else _is_forwarded()


def _is_forwarded() -> bool:
    """Whether the page that is being made was asked for by way of a proxy."""
    from streamlit import context
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    if get_script_run_ctx(suppress_warning=True) is None:
        return False
    return any(name in context.headers for name in _FORWARDED)
