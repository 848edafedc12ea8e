"""``molsearch index merge``: one index of several, or of the parts of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molsearch.cli import options
from molsearch.cli.growing import run
from molsearch.service.requests import MergeRequest, validated

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Merge indexes into a new one.\n\n"
    "The n parts that `molsearch index LIB --shard i/n` made give the index that one run would "
    "have made, in whatever order they are named. Other indexes of one encoder and one "
    "preparation follow one another; their records are numbered on. An interrupted merge is "
    "continued by the same command."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def merge(
    indexes: Annotated[list[str], typer.Argument(metavar="INDEX...", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new index.")],
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Merge indexes; see `_HELP`."""
    fields = {"indexes": indexes, "output": str(output), "overwrite": overwrite}
    run(validated(MergeRequest, fields), as_json=as_json, quiet=quiet)
