"""Records of a library that could not be used: warned of, in the command line's own words."""

from __future__ import annotations

import warnings
from pathlib import Path

from molsearch.api.tables import frames
from molsearch.index.reader import IndexReader
from molsearch.service.events import Event, Note
from molsearch.service.told import library_account, tell_library


def warn_of_unused(reader: IndexReader, stacklevel: int) -> None:
    """Warn of the records of an index's library that it lacks: how many, and the first.

    Parameters
    ----------
    stacklevel
        As of `warnings.warn`, seen from the caller.
    """
    # How columns were taken is no warning.
    account = {**library_account(reader, None), "reading": []}
    first = account["first_failure"]
    if first is not None and Path(first["source"]).parent == frames():
        account["first_failure"] = {**first, "source": "the molecules given,"}

    def keep(event: Event) -> None:
        if isinstance(event, Note):
            said.append(event.text)

    said: list[str] = []
    tell_library(account, keep)
    for line in said:
        warnings.warn(line, stacklevel=stacklevel + 1)


def counts(reader: IndexReader) -> dict[str, int]:
    """Count the records of an index's library, those that it holds, and those that it lacks."""
    manifest = reader.manifest
    return {"n_in": manifest.n_in, "n_ok": manifest.n_ok, "n_failed": manifest.n_failed}
