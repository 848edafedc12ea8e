"""``molsearch index merge``: one index of several, or of the parts of one."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.cli.growing import run
from molsearch.service.requests import MergeRequest

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Merge indexes into a new one.\n\n"
    "The n parts that `molsearch index LIB --shard i/n` made give the index that one run would "
    "have made, in whatever order they are named. Other indexes of one encoder and one "
    "preparation follow one another; their records are numbered on. An interrupted merge is "
    "continued by the same command."
)


_FLAGS = (
    Flag("indexes", metavar="INDEX...", argument=True),
    options.OUTPUT,
    options.OVERWRITE,
)


@verb(app, MergeRequest, _FLAGS, help=_HELP, heavy=False)
def merge(asked: Asked[MergeRequest]) -> None:
    """Merge indexes; see `_HELP`."""
    asked.end(run)
