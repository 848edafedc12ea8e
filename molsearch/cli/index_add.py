"""``molsearch index add``: more molecules for an index."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.cli.growing import run
from molsearch.service.requests import AddRequest

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Add files of molecules to an index.\n\n"
    "They are prepared as the index's library was, and embedded behind it; what is there is "
    "neither read nor written again. Searches see the index as it was until all is in. An "
    "interrupted run is continued by the same command."
)


_FLAGS = (
    Flag("library", metavar="NEW...", argument=True),
    options.INDEX,
    Flag("skip_duplicates"),
    Flag("again"),
    options.FAILURES,
    *options.EMBEDDING,
    *options.READING,
    options.LIMIT,
    options.WORKERS,
    options.OVERWRITE,
)


@verb(app, AddRequest, _FLAGS, help=_HELP)
def add(asked: Asked[AddRequest]) -> None:
    """Add to an index; see `_HELP`."""
    asked.end(run)
