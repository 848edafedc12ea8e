"""``molsearch index ann``: lists beside an index for approximate search."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.cli.growing import run
from molsearch.service.requests import AnnRequest

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Make an index ready for approximate search (screen --recall 0.99).\n\n"
    "For some ten million molecules and more. Inverted lists of each shard are written beside the "
    "index, and how much of the exact hits they find is measured on it: for the embedding alone "
    "and for the default ranking, with one query and with several. Searches stay exact without "
    "--recall. After add, drop or compact repeat the command: what did not change stays."
)


_FLAGS = (
    options.INDEX,
    Flag("lists"),
    Flag("bits"),
    Flag("encoder"),
    options.OVERWRITE,
)


@verb(app, AnnRequest, _FLAGS, help=_HELP, heavy=True)
def ann(asked: Asked[AnnRequest]) -> None:
    """Make lists; see `_HELP`."""
    asked.end(run)
