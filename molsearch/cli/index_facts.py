"""``molsearch index facts``: facts of every molecule of an index, computed now."""

from __future__ import annotations

from typing import Annotated

import typer

from molsearch.cli import growing, options
from molsearch.cli.growing import run
from molsearch.service.requests import FactsRequest, validated

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Compute facts of every molecule of an index now, and keep them.\n\n"
    "Without this they are computed for hits and for what a filter looks at. NAMES are such as "
    "alerts,clogp,qed, or all. An interrupted run is continued by the same command."
)
_DUE = FactsRequest.model_construct()


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def facts(
    names: Annotated[list[str], typer.Argument(metavar="NAMES...", show_default=False)],
    index: growing.Index,
    workers: options.Workers = _DUE.workers,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Fill in facts; see `_HELP`."""
    fields = {"index": str(index), "facts": names, "workers": workers}
    run(validated(FactsRequest, fields), as_json=as_json, quiet=quiet)
