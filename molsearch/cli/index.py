"""``molsearch index``: embed a library into a searchable index."""

from __future__ import annotations

import json
import re
from typing import Any

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.cli.growing import IndexCommand
from molsearch.errors import UsageError
from molsearch.service.requests import IndexRequest
from molsearch.words import counted

app = typer.Typer(add_completion=False)

_HELP = (
    "Embed a library into a searchable index.\n\n"
    "LIB is a prepared set (see `molsearch prepare`), or files of molecules, which are prepared "
    "first; that prepared set is kept inside the index folder. An interrupted run is continued "
    "by the same command, and readers see the old index until the new one is whole."
)
_EPILOG = (
    "Changing an index, each with a --help of its own: molsearch index add NEW.smi -i lib.index, "
    "index drop --ids FILE -i lib.index, index compact -i lib.index, "
    "index merge A B … -o OUT, index facts qed,alerts -i lib.index, "
    "index ann -i lib.index (approximate search). A library called add is ./add."
)


def shard_of(text: str) -> tuple[int, int]:
    """Read ``i/n``.

    Raises
    ------
    BadParameter
        It is anything else.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not i/n, such as 1/8")
    return int(found[1]), int(found[2])


INDEX = (
    Flag("library", metavar="LIB...", argument=True),
    options.OUTPUT,
    options.FAILURES,
    *options.EMBEDDING,
    *options.READING,
    options.LIMIT,
    options.OPEN_CONFORMERS,
    options.QUALITY,
    options.USE_INPUT_3D,
    options.SEED,
    Flag("facts"),
    options.WORKERS,
    Flag("storage", metavar="full|prefix-128|prefix-64|compact"),
    Flag("shard", metavar="i/n", read=shard_of, kind=str),
    options.CLUSTER,
    options.STAGING,
    options.OVERWRITE,
)


@verb(app, IndexRequest, INDEX, help=_HELP, cls=IndexCommand, epilog=_EPILOG)
def index(asked: Asked[IndexRequest]) -> None:
    """Index a library; see `_HELP`."""
    from molsearch.io.folders import Kind, look

    library = asked.given["library"]
    prepared = len(library) == 1 and look(library[0]).kind is Kind.PREPARED
    if prepared and (raw := asked.spelt("read", "prepare", "limit")):
        raise UsageError(f"{library[0]} is prepared already: {raw} has no effect; leave it out")
    asked.end(run)


def run(request: IndexRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Make an index and tell what came of it."""
    from molsearch.cli.telling import Terminal, plain_warnings, say
    from molsearch.service.index import EmptyPartError, index
    from molsearch.service.session import Session

    try:
        with plain_warnings():
            done = index(request, Session(), Terminal(quiet=quiet))
        account = done.account
        say(closing(account, found=done.found), quiet=quiet)
    except EmptyPartError as empty:
        # No failure of the task: a merge counts with parts like this one.
        account = empty.account
        say(str(empty), quiet=quiet)
    if as_json:
        print(json.dumps(account))
    return account


def closing(account: dict[str, Any], *, found: bool = False) -> str:
    """Say in a line what was made, or found as it is asked for."""
    n_failed = account["n_failed"]
    failed = f", {counted(n_failed, 'record')} failed" if n_failed else ""
    if found:
        molecules = counted(account["n_ok"], "molecule")
        return f"{account['output']} was up to date: {molecules}{failed}"
    return (
        f"{counted(account['n_ok'], 'molecule')} indexed in "
        f"{account['output']}{failed} "
        f"({account['seconds']:,.1f} s)"
    )
