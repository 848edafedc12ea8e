"""``molsearch index drop``: molecules out of an index, by their ids."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.cli.growing import run
from molsearch.service.requests import DropRequest

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Drop molecules from an index by their ids.\n\n"
    "FILE has one id a line, or is a .csv, .tsv or .parquet with a column molecule_id, such as a "
    "hit list. Every molecule that has one of the ids goes; ids that none has are told. Only the "
    "shards that lose molecules are written anew."
)


_FLAGS = (
    options.INDEX,
    Flag("file", ("--ids",), metavar="FILE", required=True),
    Flag("id_column"),
    options.OVERWRITE,
)


@verb(app, DropRequest, _FLAGS, help=_HELP, heavy=False)
def drop(asked: Asked[DropRequest]) -> None:
    """Drop from an index; see `_HELP`."""
    asked.end(run)
