"""``molsearch data``: activities for training, and a check of a benchmark's copy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molsearch import bundled
from molsearch.cli import options
from molsearch.cli.data_convert import convert
from molsearch.words import counted, noun

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    context_settings=options.HELP_NAMES,
    help="Convert measured activities for training; check a copy of a benchmark.",
)
app.command(context_settings=options.HELP_NAMES)(convert)


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
    from molsearch.bench.benchmarks.counts import compare
    from molsearch.bench.benchmarks.registry import open_benchmark
    from molsearch.errors import InputError

    opened = open_benchmark(name, folder)
    found = compare(opened)
    if as_json:
        typer.echo(found.to_json(orient="records"))
    elif not quiet:
        typer.echo(found.to_string(index=False, na_rep="–"))
        for note in opened.provenance.notes:
            typer.echo(f"note: {note}")
    bad = found[found["verdict"].isin(["differs", "no inactives"])]
    if not bad.empty:
        rows = ", ".join(str(target) for target in bad["target"].head(6))
        more = ", …" if len(bad) > 6 else ""
        raise InputError(
            f"{name}: {counted(len(bad), 'row')} {noun(len(bad), 'is', 'are')} not as published "
            f"({rows}{more}): "
            f"{bundled.guide(name)} says how to obtain the whole set"
        )
