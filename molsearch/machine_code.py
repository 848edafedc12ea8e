"""How functions are compiled by Numba, and where their machine code is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from molsearch.cache import user_cache
from molsearch.errors import MolSearchError

# Where code is kept is a setting of all of Numba, and modules may be imported by threads.
_SETTING = Lock()


def folder(sources: Sequence[Path]) -> Path:
    """Folder of what is compiled from these files, in the user's cache; need not exist.

    Raises
    ------
    MolSearchError
        The account has no home folder.
    """
    return user_cache() / "loops" / _version(tuple(sources))


def is_kept(name: str, sources: Sequence[Path]) -> bool:
    """Whether this account has compiled a function before; asks no Numba, which takes its time.

    Parameters
    ----------
    name
        Its module's last name and its own: ``"counting.count_all"``.
    """
    try:
        return any(folder(sources).rglob(f"{name}-*.nbi"))
    except MolSearchError:
        return False


def compiled(
    sources: Sequence[Path], *signature: Any, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile what follows when it is first called, or load what was compiled of it.

    Parameters
    ----------
    sources
        All files that the machine code is made from.
    signature
        Has it done at once.
    options
        Of ``numba.njit``.
    """

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        from numba import config, njit

        with _SETTING:
            before = config.CACHE_DIR
            try:
                # Numba tells by a function's own file whether what it keeps is still good.
                place = folder(sources)
                place.mkdir(parents=True, exist_ok=True)
                config.CACHE_DIR = str(place)
                return njit(*signature, cache=True, **options)(function)
            except (MolSearchError, OSError, RuntimeError):  # nowhere to keep it: by every process
                return njit(*signature, **options)(function)
            finally:
                config.CACHE_DIR = before

    return decorated


@cache
def _version(sources: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
