"""``molsearch data``: activities for training, and a check of a benchmark's copy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molsearch.cli import data_convert, data_overlays, options

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    context_settings=options.HELP_NAMES,
    help="Convert measured activities for training; check a copy of a benchmark.",
)
app.registered_commands += data_convert.app.registered_commands
app.registered_commands += data_overlays.app.registered_commands


_HELP = (
    "Check a copy of a benchmark against its published counts.\n\n"
    "NAME is dude, litpcba, muv or dekois. Exit code 3 where a count differs."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def verify(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    folder: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of the benchmark's files ($MOLSEARCH_DATA/NAME)."),
    ] = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Verify counts; see `_HELP`."""
    from molsearch.service.published import compare, judge

    found, notes = compare(name, folder)
    if as_json:
        typer.echo(found.to_json(orient="records"))
    elif not quiet:
        typer.echo(found.to_string(index=False, na_rep="–"))
        for note in notes:
            typer.echo(f"note: {note}")
    judge(name, found)
