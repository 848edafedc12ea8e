"""``molsearch report``: one page and one table of benchmark results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molsearch.cli import options

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
    from molsearch.bench.report.html import to_html
    from molsearch.bench.report.markdown import renewed, to_markdown
    from molsearch.bench.results import read_all
    from molsearch.errors import UsageError
    from molsearch.io.atomic import write_text

    records = read_all(paths)
    if into is not None:
        if output is not None or markdown is not None:
            raise UsageError("--into renews a page of yours: give it alone, without -o, --markdown")
        try:
            page_text = into.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{into} cannot be read ({error.strerror})") from None
        write_text(into, renewed(page_text, records, str(into)))
        if not quiet:
            typer.echo(str(into))
        return
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    page = output if output is not None else folder / "report.html"
    text = markdown if markdown is not None else page.with_suffix(".md")
    for path in (page, text):
        if path.exists() and not overwrite:
            raise UsageError(f"{path} exists: give another -o, or --overwrite")
    write_text(page, to_html(records))
    write_text(text, to_markdown(records))
    if not quiet:
        typer.echo(f"{page}\n{text}")
