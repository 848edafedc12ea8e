"""``molsearch app``: the web application."""

from __future__ import annotations

import os
import subprocess
from typing import Annotated

import typer

from molsearch.cli.interrupts import give_back

app = typer.Typer(add_completion=False)
_HELP = (
    "Open the web application: draw a query, screen, look at hits in 3D, take them away.\n\n"
    "It works without a network. Runs are kept in ./runs (or $MOLSEARCH_RUNS); indexes are found "
    "there, in ./demo and in the user's cache, or below the folders that $MOLSEARCH_ROOTS names. "
    "By default it answers to this machine alone."
)


@app.command(help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
def app_(
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8501,
    host: Annotated[
        str, typer.Option("--host", help="Address to answer at; 0.0.0.0 lets others in.")
    ] = "127.0.0.1",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")
    ] = True,
    shared: Annotated[
        bool | None,
        typer.Option(
            "--shared/--alone",
            help="Several people use it, each sees only their own runs. Say so behind a proxy. "
            "Without either it is shared with whom another address or a proxy lets in.",
        ),
    ] = None,
) -> None:
    """Serve the application until interrupted; see `_HELP`."""
    from molsearch import bundled
    from molsearch.service.application import (
        address,
        command,
        environment,
        free_port,
        server,
    )

    port = port or free_port(host)
    arguments = command(server(), port=port, host=host, browser=browser)
    variables = environment(os.environ, tree=bundled.checkout(), host=host, shared=shared)
    typer.echo(f"the application is at {address(host, port)}; Ctrl+C ends it", err=True)
    if os.name == "posix":
        # The server takes this process's place, so that a signal meant for it reaches it.
        give_back()
        os.execve(arguments[0], arguments, variables)  # noqa: S606
    raise typer.Exit(subprocess.call(arguments, env=variables))
