"""``molsearch app``: the web application."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from molsearch.cli.interrupts import give_back

app = typer.Typer(add_completion=False)
_PACKAGE = "molsearch_app"

_SHARED = "MOLSEARCH_APP_SHARED"
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

    script = server()
    arguments = command(script, port=port, host=host, browser=browser)
    variables = environment(os.environ, tree=bundled.checkout(), host=host, shared=shared)
    if os.name == "posix":
        # The server takes this process's place, so that a signal meant for it reaches it.
        give_back()
        os.execve(arguments[0], arguments, variables)  # noqa: S606
    raise typer.Exit(subprocess.call(arguments, env=variables))


def server() -> Path:
    """Path of the application's server script.

    Raises
    ------
    UsageError
        The application's package is not there.
    """
    from molsearch.errors import UsageError

    found = importlib.util.find_spec(_PACKAGE)
    folders = (found.submodule_search_locations or []) if found is not None else []
    for folder in folders:
        script = Path(folder).resolve() / "server.py"
        if script.is_file():
            return script
    raise UsageError(
        f"the package {_PACKAGE}, which holds the application, is not installed: install molsearch "
        "anew (`pip install molsearch`, in a checkout `make app`)"
    )


def command(script: Path, *, port: int, host: str, browser: bool) -> list[str]:
    """Command line of the server; nothing is sent anywhere, no file is watched."""
    return [
        sys.executable, "-m", "streamlit", "run", str(script),
        "--server.port", str(port),
        "--server.address", host,
        "--server.headless", "false" if browser else "true",
        "--browser.gatherUsageStats", "false",
        "--server.fileWatcherType", "none",
    ]  # fmt: skip


def environment(
    given: os._Environ[str] | dict[str, str],
    *,
    tree: Path | None,
    host: str,
    shared: bool | None = None,
) -> dict[str, str]:
    """Environment of the server: it finds the code, and knows whether others reach it.

    Parameters
    ----------
    given
        The environment of this process.
    tree
        The checkout that molsearch runs from; None where it is installed.
    host
        Address that the server answers at.
    shared
        Whether several people use it; None where nobody said so.

    Raises
    ------
    UsageError
        A variable of the application holds nonsense.
    """
    from molsearch.errors import UsageError

    found = dict(given)
    jobs = found.get("MOLSEARCH_APP_JOBS", "")
    if jobs and not (jobs.isdecimal() and int(jobs) > 0):
        raise UsageError(
            f"MOLSEARCH_APP_JOBS is {jobs[:20]!r}: set it to the number of runs at a time, or "
            "leave it out for 2"
        )
    if tree is not None:
        paths = [str(tree), found.get("PYTHONPATH", "")]
        found["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    for name in ("QUEUE", "KEEP_DAYS", "KEEP_RUNS", "QUOTA_GIB"):
        _refuse_nonsense(f"MOLSEARCH_APP_{name}", found.get(f"MOLSEARCH_APP_{name}", ""))
    if shared is not None:
        found[_SHARED] = "1" if shared else "0"
    elif found.get(_SHARED, "") not in ("", "0", "1"):
        raise UsageError(
            f"{_SHARED} is {found[_SHARED][:20]!r}: set it to 1 (shared) or 0 (alone), or leave it "
            "out"
        )
    elif not found.get(_SHARED) and not is_local(host):
        found[_SHARED] = "1"
    return found


def _refuse_nonsense(name: str, text: str) -> None:
    from molsearch.errors import UsageError

    try:
        good = not text or 0 < float(text) < float("inf")
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"{name} is {text[:20]!r}: set it to a number above 0, or leave it out")


def is_local(host: str) -> bool:
    """Say whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
