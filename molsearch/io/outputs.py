"""Places where an output may be written."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from molsearch.errors import UsageError
from molsearch.io.tables import table_format


def check_output(
    path: Path, *, overwrite: bool, what: str = "hits", also: Collection[str] = ()
) -> None:
    """Refuse the file of a table before any work is done for it.

    Parameters
    ----------
    what, also
        What is written, and suffixes that it comes in besides those of tables.

    Raises
    ------
    UsageError
        Its name tells no format, or as of `refuse_existing`.
    """
    if path.suffix.lower() not in also:
        try:
            table_format(path)
        except UsageError as error:
            more = f"; {what} also in {', '.join(also)}" if also else ""
            raise UsageError(f"{error}{more}") from error
    refuse_existing(path, overwrite=overwrite)


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse a file that exists, unless it may be overwritten, or that cannot be written.

    Raises
    ------
    UsageError
        It exists, is a folder, or lies where no file can be made.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file")
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists; pass --overwrite to replace it")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise UsageError(f"{path}: {above} is a file, not a folder; choose another place")
    if not os.access(above, os.W_OK):
        raise UsageError(f"{path}: no permission to write in {above}; choose another place")
