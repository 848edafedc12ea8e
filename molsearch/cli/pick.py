"""``molsearch pick``: a plate of hits."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from molsearch.cli.asking import Asked, verb
from molsearch.cli.pick_options import PICK
from molsearch.service.requests import PickRequest

app = typer.Typer(add_completion=False)

_HELP = (
    "Choose a plate of hits.\n\n"
    "HITS is a hit list of 'molsearch screen', or any file of molecules with a column that ranks "
    "them (--by). Queries in it are not picked. What the choice cost in score is said at the "
    "end.\n\n"
    "    molsearch pick hits.csv -n 96 -o plate.csv -o plate.xlsx -o plate.sdf"
)


@verb(app, PickRequest, PICK, help=_HELP, heavy=False)
def pick(asked: Asked[PickRequest]) -> None:
    """Pick; see `_HELP`."""
    first, *also = asked.given.get("output") or (None,)
    asked.end(run, output=first, also=also)


def run(request: PickRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Pick, and tell what was picked; without an output the table goes to stdout."""
    from molsearch.cli.telling import Terminal, plain_warnings
    from molsearch.io.tables import write_text_table
    from molsearch.picks.output import STRUCTURES
    from molsearch.service.pick import pick as choose

    with plain_warnings():
        done = choose(request, Terminal(quiet=quiet))
    if request.output is None and not as_json:
        write_text_table(
            done.picks.texts, sys.stdout, excel_safe=request.excel_safe, verbatim=STRUCTURES
        )
    if as_json:
        print(json.dumps(done.account, default=str))
    return done.account
