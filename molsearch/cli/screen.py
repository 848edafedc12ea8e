"""``molsearch screen``: rank a library for one or more query ligands."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.screen_options import SCREEN
from molsearch.cli.screen_report import run
from molsearch.errors import UsageError
from molsearch.service.requests import ScreenRequest

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Rank a library for one or more query ligands.\n\n"
    "A query is a SMILES, an InChI, or a file of molecules. The library is an index (-i), or "
    "files of molecules (-l), whose index is then kept in the user's cache and found again.\n\n"
    "    molsearch screen -q 'CC(=O)Oc1ccccc1C(=O)O' -i library.index -k 1000 -o hits.csv"
)


@verb(app, ScreenRequest, SCREEN, help=_HELP, quiet=options.LongQuiet)
def screen(asked: Asked[ScreenRequest]) -> None:
    """Screen a library; see `_HELP`."""
    if "index" in asked.given and (raw := asked.spelt("prepare", "limit")):
        raise UsageError(f"{raw} is for libraries given by -l; the index is made already")
    asked.end(run, output=asked.table())
