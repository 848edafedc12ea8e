"""Where what can be made again is kept between runs."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from molsearch.errors import MolSearchError

MEND = "set XDG_CACHE_HOME to a folder that can be written"


def user_cache() -> Path:
    """Folder of molsearch in the user's cache; need not exist.

    Raises
    ------
    MolSearchError
        The account has no home folder, so that a cache would be made wherever one stands.
    """
    folder = Path(platformdirs.user_cache_dir("molsearch"))
    if not folder.is_absolute():
        raise MolSearchError(f"this account has no home folder for a cache; {MEND}")
    return folder
