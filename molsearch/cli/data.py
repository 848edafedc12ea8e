"""``molsearch data``: check a copy of a benchmark."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from molsearch.cli import options

app = typer.Typer(add_completion=False)


class Action(StrEnum):
    """What to do with the data."""

    verify = "verify"


_HELP = (
    "Check a copy of a benchmark against its published counts.\n\n"
    "ACTION is verify; NAME is dude, litpcba, muv or dekois. Exit code 3 where a count differs."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def data(
    action: Annotated[Action, typer.Argument(metavar="ACTION", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    folder: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of the benchmark's files ($MOLSEARCH_DATA/NAME)."),
    ] = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Verify counts; see `_HELP`."""
    from molsearch.bench.counts import compare
    from molsearch.bench.registry import open_benchmark
    from molsearch.errors import InputError

    assert action is Action.verify
    opened = open_benchmark(name, folder)
    found = compare(opened)
    if as_json:
        typer.echo(found.to_json(orient="records"))
    elif not quiet:
        typer.echo(found.to_string(index=False, na_rep="–"))
        for note in opened.provenance.notes:
            typer.echo(f"note: {note}")
    bad = found[~found["verdict"].isin(["as published", "not checked"])]
    if not bad.empty:
        rows = ", ".join(str(target) for target in bad["target"].head(6))
        more = ", …" if len(bad) > 6 else ""
        raise InputError(
            f"{name}: {len(bad)} rows are not as published ({rows}{more}): "
            f"datasets/{name}.md says how to obtain the whole set"
        )
