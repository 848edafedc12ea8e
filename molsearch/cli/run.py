"""``molsearch run``: repeat a run from what it wrote, or run a request from a file."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from molsearch.cli import options
from molsearch.errors import MolSearchError
from molsearch.io.atomic import refusal
from molsearch.service.events import Done, Event, Failure, JsonLines, Warned
from molsearch.service.requests import Request

app = typer.Typer(add_completion=False)

_HELP = (
    "Repeat a run from the record it wrote, or run a request from a file.\n\n"
    "FILE is hits.csv.run.json, a run.json, a folder with one, or a request as JSON. What the "
    "first run made is not replaced unless --overwrite says so; -o puts the new result "
    "elsewhere. Where the encoder, the library or a package has changed since, it says so."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Put the result here instead.")
    ] = None,
    overwrite: options.Overwrite = False,
    events: Annotated[
        bool,
        typer.Option("--events", help="Tell everything as JSON lines on stdout, for programs."),
    ] = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Run a request from a file; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    if events:
        _as_events(file, output, overwrite=overwrite)
        return
    from molsearch.cli.telling import say
    from molsearch.service.repeat import differences

    request, record = _asked(file, output, overwrite=overwrite)
    verb = importlib.import_module(f"molsearch.cli.{request.verb}")
    account = verb.run(request, as_json=as_json, quiet=quiet)
    for line in differences(record, account):
        say(f"molsearch: warning: {line}", quiet=False)


def _asked(file: Path, output: Path | None, *, overwrite: bool) -> tuple[Request, Any]:
    """Read the request and stand where its paths count from."""
    from molsearch.cli.telling import say
    from molsearch.service.repeat import placed, read_request, refuse_stdin

    kept = read_request(file)
    refuse_stdin(kept.request)
    place = None if output is None else str(output.absolute())
    if kept.folder is not None and kept.folder != Path.cwd():
        try:
            os.chdir(kept.folder)
        except OSError:
            say(f"{kept.folder} is not here: relative paths count from this folder", quiet=False)
    return placed(kept.request, place, overwrite=overwrite), kept.record


def _as_events(file: Path, output: Path | None, *, overwrite: bool) -> None:
    from molsearch.cli.telling import warnings_as
    from molsearch.service.repeat import differences
    from molsearch.service.run import run as run_any
    from molsearch.service.session import Session

    emit = JsonLines(sys.stdout)
    end: list[Event] = []

    def tell(event: Event) -> None:
        # The end is told last, after what has changed since the earlier run.
        (end.append if isinstance(event, Done) else emit)(event)

    # What a library prints by itself must not come between the lines.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            request, record = _asked(file, output, overwrite=overwrite)
            with warnings_as(emit):
                account = run_any(request, Session(), tell)
        except MolSearchError as error:
            emit(Failure.of(error))
            raise
        except OSError as error:
            line = refusal(error, Path())
            emit(Failure(message=line, kind=type(error).__name__, exit_code=1))
            raise
        for event in [*(Warned(text=line) for line in differences(record, account)), *end]:
            emit(event)
