"""``molsearch index facts``: facts of every molecule of an index, computed now."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.cli.growing import run
from molsearch.service.requests import FactsRequest

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Compute facts of every molecule of an index now, and keep them.\n\n"
    "Without this they are computed for hits and for what a filter looks at. NAMES are such as "
    "alerts,clogp,qed, or all. An interrupted run is continued by the same command."
)


_FLAGS = (
    Flag("facts", metavar="NAMES...", argument=True, required=True),
    options.INDEX,
    options.WORKERS,
)


@verb(app, FactsRequest, _FLAGS, help=_HELP, heavy=False)
def facts(asked: Asked[FactsRequest]) -> None:
    """Fill in facts; see `_HELP`."""
    asked.end(run)
