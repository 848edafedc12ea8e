"""Where an index is: in a folder, or at an address, from which it is copied first."""

from __future__ import annotations

from pathlib import Path

from molsearch.service.events import Emit, Waiting, silent, stage

_MEBIBYTE = 2**20


def here(path: str | Path, emit: Emit = silent) -> Path:
    """Give the folder of an index; what lies at an address is copied into the cache first.

    Raises
    ------
    MolSearchError
        As of `molsearch.index.remote`.
    """
    from molsearch.chem.readers.sources import is_address
    from molsearch.index.remote import fetch, look_at

    if not is_address(path):
        return Path(path)
    remote = look_at(str(path))
    with stage(emit, "fetching (MiB)", -(-remote.n_bytes // _MEBIBYTE)) as progress:
        return fetch(
            remote,
            lambda done, failed: progress(done // _MEBIBYTE, failed),
            lambda: emit(Waiting(reason="another process fetches an index")),
        )
