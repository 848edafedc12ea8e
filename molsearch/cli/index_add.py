"""``molsearch index add``: more molecules for an index."""

from __future__ import annotations

from typing import Annotated

import typer

from molsearch.cli import growing, options
from molsearch.cli.growing import run
from molsearch.service.requests import AddRequest, validated

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Add files of molecules to an index.\n\n"
    "They are prepared as the index's library was, and embedded behind it; what is there is "
    "neither read nor written again. Searches see the index as it was until all is in. An "
    "interrupted run is continued by the same command."
)
_DUE = AddRequest.model_construct()


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def add(
    library: Annotated[list[str], typer.Argument(metavar="NEW...", show_default=False)],
    index: growing.Index,
    skip_duplicates: Annotated[
        bool,
        typer.Option(
            "--skip-duplicates",
            help="Leave out molecules whose parent the index has already; each is a failure.",
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Add also what was added before, once more.")
    ] = False,
    failures: options.Failures = None,
    encoder: options.EncoderPath = None,
    device: options.Device = _DUE.device,
    batch_size: options.BatchSize = _DUE.batch_size,
    smiles_column: options.SmilesColumn = None,
    id_column: options.IdColumn = None,
    id_field: options.IdField = None,
    delimiter: options.Delimiter = None,
    header: options.Header = None,
    limit: options.Limit = None,
    workers: options.Workers = _DUE.workers,
    overwrite: growing.Discard = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Add to an index; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    request = validated(
        AddRequest,
        {
            "library": library,
            "index": str(index),
            "failures": options.text(failures),
            "read": options.reading(smiles_column, id_column, id_field, delimiter, header),
            "encoder": encoder,
            "device": device,
            "batch_size": batch_size,
            "workers": workers,
            "limit": limit,
            "skip_duplicates": skip_duplicates,
            "again": again,
            "overwrite": overwrite,
        },
    )
    run(request, as_json=as_json, quiet=quiet)
