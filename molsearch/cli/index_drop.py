"""``molsearch index drop``: molecules out of an index, by their ids."""

from __future__ import annotations

from typing import Annotated

import typer

from molsearch.cli import growing, options
from molsearch.cli.growing import run
from molsearch.service.requests import DropRequest, validated

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Drop molecules from an index by their ids.\n\n"
    "FILE has one id a line, or is a .csv, .tsv or .parquet with a column molecule_id, such as a "
    "hit list. Every molecule that has one of the ids goes; ids that none has are told. Only the "
    "shards that lose molecules are written anew."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def drop(
    index: growing.Index,
    ids: Annotated[
        str, typer.Option("--ids", metavar="FILE", help="List or table of ids; - for a pipe.")
    ],
    id_column: Annotated[
        str | None, typer.Option("--id-column", help="Column of the ids, of a table.")
    ] = None,
    overwrite: growing.Discard = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Drop from an index; see `_HELP`."""
    fields = {"index": str(index), "file": ids, "id_column": id_column, "overwrite": overwrite}
    run(validated(DropRequest, fields), as_json=as_json, quiet=quiet)
