"""``molsearch report``: one page and one table of benchmark results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molsearch.cli import options
from molsearch.errors import UsageError

app = typer.Typer(add_completion=False)

_HELP = (
    "Make one self-contained page (HTML, offline) and one Markdown text of result files.\n\n"
    "PATH is a result file or a folder of them. With --into nothing but the text between "
    "'<!-- RESULTS: begin -->' and '<!-- RESULTS: end -->' of a Markdown page is renewed."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def report(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The page; report.html beside the first PATH."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="The text; beside the page by default.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", help="Markdown page to renew the tables of, in place.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite/--keep", help="Replace an older report.")
    ] = True,
    quiet: options.Quiet = False,
) -> None:
    """Write the report; see `_HELP`."""
    from molsearch.service.report import renew, report

    if into is None:
        made = report(paths, output, markdown, overwrite=overwrite)
    elif output is None and markdown is None:
        made = [renew(paths, into)]
    else:
        raise UsageError("--into renews a page of yours: give it alone, without -o, --markdown")
    if not quiet:
        typer.echo("\n".join(map(str, made)))
