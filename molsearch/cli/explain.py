"""``molsearch explain``: why hits stand where they do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from molsearch.cli import options
from molsearch.errors import UsageError
from molsearch.service.requests import MOST_EXPLAINED, ExplainRequest, validated
from molsearch.words import counted

if TYPE_CHECKING:
    from molsearch.service.explain import Explained

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
_DUE = ExplainRequest.model_construct()
_SHOWN = 10


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def explain(
    hits: Annotated[list[str], typer.Argument(metavar="HITS|SMILES...", show_default=False)],
    query: Annotated[
        list[str] | None,
        typer.Option("-q", "--query", help="SMILES, InChI or file; may be given several times."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Table of reasons: .csv, .tsv (also .gz), .parquet."),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Page of reasons.")] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Folder for a drawing of each hit and its query.")
    ] = None,
    k: Annotated[
        int, typer.Option("-k", min=1, max=MOST_EXPLAINED, help="Explain the first so many hits.")
    ] = _DUE.k,
    rank: Annotated[
        str | None,
        typer.Option("--rank", help="What ranks, where it is not the hit list's own ranking."),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            "-i", "--index", help="Library in which several queries are tried on each other."
        ),
    ] = None,
    common_seconds: Annotated[
        float,
        typer.Option("--common-seconds", min=0, help="Time for all common parts together."),
    ] = _DUE.common_seconds,
    excel_safe: Annotated[
        bool, typer.Option("--excel-safe", help="Mark cells that a spreadsheet would run.")
    ] = False,
    encoder: options.EncoderPath = None,
    device: options.Device = _DUE.device,
    smiles_column: options.SmilesColumn = None,
    id_column: options.IdColumn = None,
    id_field: options.IdField = None,
    delimiter: options.Delimiter = None,
    header: options.Header = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Explain hits; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    request = validated(
        ExplainRequest,
        {
            **_named(hits, bool(query)),
            "queries": query or (),
            "index": options.text(index),
            "k": k,
            "rank": rank,
            "common_seconds": options.finite(common_seconds),
            "output": options.text(output),
            "html": options.text(html),
            "svg": options.text(svg),
            "read": options.reading(smiles_column, id_column, id_field, delimiter, header),
            "encoder": encoder,
            "device": device,
            "excel_safe": excel_safe,
            "overwrite": overwrite,
        },
    )
    run(request, as_json=as_json, quiet=quiet)


def _named(hits: list[str], has_queries: bool) -> dict[str, Any]:
    """Tell a hit list from structures."""
    from molsearch.chem.readers.formats import looks_like_a_file
    from molsearch.search.queries import is_file

    if len(hits) == 1 and (is_file(hits[0]) or looks_like_a_file(hits[0])):
        return {"hits": hits[0]}
    if not has_queries:
        one = (
            f"{hits[0][:60]!r} is no file" if len(hits) == 1 else "several arguments are structures"
        )
        raise UsageError(f"{one}: name one hit list, or give the queries of structures with -q")
    return {"molecules": hits}


def run(request: ExplainRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Explain, and tell what came of it."""
    from molsearch.cli.telling import Terminal, plain_warnings
    from molsearch.service.explain import check, explain
    from molsearch.service.session import Session

    check(request)
    with plain_warnings():
        done = explain(request, Session(), Terminal(quiet=quiet))
    if request.output is None and not (request.html or request.svg or as_json):
        _print_csv(done, request)
    if not quiet:
        _print_reasons(done)
    if as_json:
        print(json.dumps(done.account, default=str))
    return done.account


def _print_csv(done: Explained, request: ExplainRequest) -> None:
    from molsearch.io.tables import write_text_table
    from molsearch.reasons.table import STRUCTURES

    write_text_table(done.frame, sys.stdout, excel_safe=request.excel_safe, verbatim=STRUCTURES)


def _print_reasons(done: Explained) -> None:
    """Print what counts most in the first hits, on stderr."""
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
    console.print(
        Text(f"{counted(len(done.hits), 'hit')} explained{f' in {places}' if places else ''}")
    )
