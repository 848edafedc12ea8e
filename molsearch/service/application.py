"""How the web application is started: its server, the command, the environment."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import socket
import sys
from pathlib import Path

from molsearch.errors import UsageError

_PACKAGE = "molsearch_app"
_SHARED = "MOLSEARCH_APP_SHARED"


def server() -> Path:
    """Path of the application's server script.

    Raises
    ------
    UsageError
        The application's package is not there.
    """
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
        "--logger.hideWelcomeMessage", "true",
    ]  # fmt: skip


def free_port(host: str) -> int:
    """Find a port that nobody listens at, for who asks for any.

    Raises
    ------
    UsageError
        This machine does not answer at that address.
    """
    try:
        family, *_, where = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.bind(where)
            return int(tried.getsockname()[1])
    except OSError as error:
        raise UsageError(
            f"--host {host[:80]}: {error.strerror}; name one of this machine"
        ) from error


def address(host: str, port: int) -> str:
    """Say where the application is found from this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104  (every address, of which this is one)
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


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
