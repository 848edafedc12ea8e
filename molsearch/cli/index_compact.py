"""``molsearch index compact``: full shards of an index that has grown."""

from __future__ import annotations

import typer

from molsearch.cli import growing, options
from molsearch.cli.growing import run
from molsearch.service.requests import CompactRequest, validated

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Make full shards of an index that has grown.\n\n"
    "Each add leaves a shard of its own, each drop one that is not full. The molecules, their "
    "order and their facts stay as they are. While it runs, and until the next change, the index "
    "takes twice its room; molsearch verify --clean gives it back at once."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def compact(
    index: growing.Index,
    overwrite: growing.Discard = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Compact an index; see `_HELP`."""
    request = validated(CompactRequest, {"index": str(index), "overwrite": overwrite})
    run(request, as_json=as_json, quiet=quiet)
