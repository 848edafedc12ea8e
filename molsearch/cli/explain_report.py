"""What ``molsearch explain`` says of hits: a table on the terminal."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from molsearch.service.requests import ExplainRequest
from molsearch.words import counted

if TYPE_CHECKING:
    from molsearch.service.explain import Explained

_SHOWN = 10


def run(request: ExplainRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Explain, and tell what came of it."""
    from molsearch.cli.telling import Terminal, plain_warnings
    from molsearch.service.explain import check, explain
    from molsearch.service.session import Session

    check(request)
    with plain_warnings():
        done = explain(request, Session(), Terminal(quiet=quiet))
    bare = request.output is None and not (request.html or request.svg or as_json)
    # On a terminal the wide table would bury the one that is for reading.
    shown = bare and not quiet and sys.stdout.isatty()
    if bare and not shown:
        _print_csv(done, request)
    if not quiet:
        _print_reasons(done, more=shown)
    if as_json:
        print(json.dumps(done.account, default=str))
    return done.account


def _print_csv(done: Explained, request: ExplainRequest) -> None:
    from molsearch.io.tables import write_text_table
    from molsearch.reasons.table import STRUCTURES

    write_text_table(done.frame, sys.stdout, excel_safe=request.excel_safe, verbatim=STRUCTURES)


def _print_reasons(done: Explained, *, more: bool) -> None:
    """Print what counts most in the first hits, on stderr; where there is `more`, how to get it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    several = len(done.queries) > 1
    for label in ("score", "common", *(["for"] if several else [])):
        table.add_column(label, justify="right", no_wrap=True, min_width=len(label))
    for label in ("hit", "nearest query", "most for it", "least"):
        table.add_column(label, overflow="ellipsis", no_wrap=True, ratio=1)
    for hit, reason in list(zip(done.hits, done.reasons, strict=True))[:_SHOWN]:
        best, worst = reason.atoms.best, reason.atoms.worst
        common = "" if reason.common is None else f"{len(reason.common)}"
        cells = [
            f"{reason.atoms.score:.3f}",
            common,
            *([f"{len(done.queries) - len(reason.against)}"] if several else []),
            hit.name,
            done.queries[reason.query].name,
            f"{best.share:+.2f} {best.smiles}",
            f"{worst.share:+.2f} {worst.smiles}",
        ]
        table.add_row(*(Text(" ".join(cell.split())) for cell in cells))
    console.print(table)
    console.print(Text(f"score: {done.account['ranking']['words']}"))
    outputs = [done.account["request"][name] for name in ("output", "html", "svg")]
    places = ", ".join(place for place in outputs if place)
    rest = " (-o reasons.csv writes all that is said of them)" if more else ""
    where = f" in {places}" if places else rest
    console.print(Text(f"{counted(len(done.hits), 'hit')} explained{where}"))
