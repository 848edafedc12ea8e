"""``molsearch space``: a make-on-demand space, searched without making its products."""

from __future__ import annotations

from typing import Any

import typer

from molsearch.cli import options
from molsearch.cli import screen_options as own
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.service.requests import SpaceRequest

app = typer.Typer(add_completion=False)

_HELP = (
    "Search a make-on-demand space for molecules like a query.\n\n"
    "SYNTHONS is a file of synthons in Enamine's format: columns SMILES (with connectors), "
    "synton_id, synton# and reaction_id. Products like each query are found by RDKit's synthon "
    "search, without making the others, and ranked as `molsearch screen` ranks a library. Each hit "
    "names its reaction and its reagents.\n\n"
    "    molsearch space synthons.txt -q 'CC(=O)Nc1ccc(O)cc1' -k 100 -o hits.csv"
)
_PANEL = "Searching the space"


_FLAGS = (
    Flag("synthons", metavar="SYNTHONS", argument=True),
    options.QUERIES,
    Flag("output", ("-o", "--output"), required=True),
    Flag("mode", panel=_PANEL),
    Flag("similarity", panel=_PANEL),
    Flag("products", panel=_PANEL),
    Flag("seconds", panel=_PANEL),
    own.K,
    own.RANK,
    own.FUSION,
    *own.SMARTS,
    own.NO_ALERTS,
    own.WHERE,
    own.UNIQUE,
    own.DROP_QUERY,
    own.FACTS,
    own.HTML,
    own.EXCEL_SAFE,
    options.FAILURES,
    *options.EMBEDDING,
    options.OPEN_CONFORMERS,
    options.QUALITY,
    options.SEED,
    options.WORKERS,
    options.OVERWRITE,
)


@verb(app, SpaceRequest, _FLAGS, help=_HELP, quiet=options.LongQuiet)
def space(asked: Asked[SpaceRequest]) -> None:
    """Search a space; see `_HELP`."""
    asked.end(run, output=asked.table())


def run(request: SpaceRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Search a space and tell what came of it."""
    from molsearch.cli.screen_report import told
    from molsearch.cli.telling import Terminal, plain_warnings
    from molsearch.service.session import Session
    from molsearch.service.space import space

    with plain_warnings():
        done = space(request, Session(), Terminal(quiet=quiet))
    return told(done, request, as_json=as_json, quiet=quiet)
