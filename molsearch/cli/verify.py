"""``molsearch verify``: check a prepared set or an index byte by byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from molsearch.cli import options, telling
from molsearch.service.requests import VerifyRequest
from molsearch.words import counted

app = typer.Typer(add_completion=False)

_HELP = (
    "Check a prepared set or an index against its checksums.\n\n"
    "Every file is read whole; exit code 4 where anything is damaged, 3 where it is sound as far "
    "as it goes and unfinished."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def verify(
    path: Annotated[Path, typer.Argument(help="Folder of a prepared set or an index.")],
    clean: Annotated[
        bool,
        typer.Option(
            "--clean",
            help="Afterwards remove from a sound index what no reader needs: older generations "
            "and leftovers of killed runs.",
        ),
    ] = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Verify; see `_HELP`."""
    run(VerifyRequest(path=str(path), clean=clean), as_json=as_json, quiet=quiet)


def run(request: VerifyRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Check, and tell what was found."""
    from molsearch.service.verify import check, judge

    account = check(request)
    if as_json:
        print(json.dumps(account))
    judge(account, telling.Terminal(quiet=quiet))
    telling.say(_line(account), quiet=quiet)
    return account


def _line(account: dict[str, Any]) -> str:
    line = (
        f"{account['path']}: {account['kind']} of {counted(account['n_molecules'], 'molecule')} "
        "is sound "
        f"({account['seconds']:.1f} s)"
    )
    if removed := account.get("removed"):
        line += f"; removed {', '.join(removed)}"
    return line
