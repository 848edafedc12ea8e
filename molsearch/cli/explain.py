"""``molsearch explain``: why hits stand where they do."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.explain_report import run
from molsearch.cli.flags import Flag
from molsearch.service.requests import ExplainRequest

__all__ = ["app", "run"]

app = typer.Typer(add_completion=False)

_HELP = (
    "Say why hits stand where they do: which atoms of hit and query make the score, what both "
    "share, and what each query says.\n\n"
    "HITS is a hit list of molsearch screen (its run record beside it tells queries, ranking and "
    "encoder), a *.run.json, or the folder of a run. With -q it may be any file of molecules, or "
    "structures.\n\n"
    "    molsearch explain hits.csv -o reasons.csv --html reasons.html\n\n"
    "    molsearch explain -q 'CC(=O)Oc1ccccc1C(=O)O' 'OC(=O)c1ccccc1O' --html reasons.html"
)


_FLAGS = (
    Flag("molecules", metavar="HITS|SMILES...", argument=True, required=True),
    options.QUERIES,
    Flag("inactives"),
    options.OUTPUT,
    Flag("html"),
    Flag("svg"),
    Flag("k", ("-k",)),
    Flag("rank"),
    options.INDEX,
    Flag("common_seconds"),
    Flag("excel_safe"),
    Flag("encoder"),
    Flag("device"),
    *options.READING,
    options.OVERWRITE,
)


@verb(app, ExplainRequest, _FLAGS, help=_HELP, quiet=options.LongQuiet)
def explain(asked: Asked[ExplainRequest]) -> None:
    """Explain hits; see `_HELP`."""
    from molsearch.service.explain_input import named_by

    named = named_by(asked.given["molecules"], "queries" in asked.given)
    asked.end(run, **{"molecules": (), **named})
