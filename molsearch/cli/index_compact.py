"""``molsearch index compact``: full shards of an index that has grown."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.growing import run
from molsearch.service.requests import CompactRequest

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Make full shards of an index that has grown.\n\n"
    "Each add leaves a shard of its own, each drop one that is not full. The molecules, their "
    "order and their facts stay as they are. While it runs, and until the next change, the index "
    "takes twice its room; molsearch verify --clean gives it back at once."
)


@verb(app, CompactRequest, (options.INDEX, options.OVERWRITE), help=_HELP, heavy=False)
def compact(asked: Asked[CompactRequest]) -> None:
    """Compact an index; see `_HELP`."""
    asked.end(run)
