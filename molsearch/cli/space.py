"""``molsearch space``: a make-on-demand space, searched without making its products."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

import typer

from molsearch.cli import options
from molsearch.cli import screen_options as own
from molsearch.errors import UsageError
from molsearch.service.requests import SpaceRequest, validated

app = typer.Typer(add_completion=False)

_HELP = (
    "Search a make-on-demand space for molecules like a query.\n\n"
    "SYNTHONS is a file of synthons in Enamine's format: columns SMILES (with connectors), "
    "synton_id, synton# and reaction_id. Products like each query are found by RDKit's synthon "
    "search, without making the others, and ranked as `molsearch screen` ranks a library. Each hit "
    "names its reaction and its reagents.\n\n"
    "    molsearch space synthons.txt -q 'CC(=O)Nc1ccc(O)cc1' -k 100 -o hits.csv"
)
_DUE = SpaceRequest.model_construct()
_PANEL = "Searching the space"


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def space(
    synthons: Annotated[str, typer.Argument(metavar="SYNTHONS", show_default=False)],
    query: own.Queries,
    output: own.Output,
    mode: Annotated[
        Literal["fingerprint", "rascal", "shape"],
        typer.Option(
            help="By what products are found: ECFP4, the largest common substructure, or shape.",
            rich_help_panel=_PANEL,
        ),
    ] = _DUE.mode,
    similarity: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            callback=options.finite,
            help="Least, of a product to a query.",
            rich_help_panel=_PANEL,
        ),
    ] = _DUE.similarity,
    products: Annotated[
        int,
        typer.Option(min=1, help="Most products found a query.", rich_help_panel=_PANEL),
    ] = _DUE.products,
    seconds: Annotated[
        int, typer.Option(min=1, help="Most time a query.", rich_help_panel=_PANEL)
    ] = _DUE.seconds,
    k: own.K = _DUE.k,
    rank: own.Rank = _DUE.rank,
    fusion: own.Fusion = _DUE.fusion,
    include_smarts: own.IncludeSmarts = None,
    exclude_smarts: own.ExcludeSmarts = None,
    no_alerts: own.NoAlerts = False,
    where: own.Where = None,
    unique: own.Unique = _DUE.unique,
    drop_query: own.DropQuery = False,
    facts: own.Facts = None,
    html: own.Html = None,
    excel_safe: own.ExcelSafe = False,
    failures: options.Failures = None,
    encoder: options.EncoderPath = None,
    device: options.Device = _DUE.device,
    batch_size: options.BatchSize = _DUE.batch_size,
    conformers: options.LibraryConformers = None,
    quality: options.QualityOption = options.Quality.fast,
    seed: options.Seed = _DUE.prepare.seed,
    workers: options.Workers = _DUE.workers,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: own.Quiet = False,
) -> None:
    """Search a space; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    if as_json and str(output) == "-":
        raise UsageError("--json and -o - both write to standard output; choose one")
    request = validated(
        SpaceRequest,
        {
            "synthons": synthons,
            "queries": query,
            "mode": mode,
            "similarity": similarity,
            "products": products,
            "seconds": seconds,
            "output": None if str(output) == "-" else str(output),
            "html": options.text(html),
            "failures": options.text(failures),
            "prepare": {
                **({} if conformers is None else {"n_conformers": conformers}),
                "quality": quality.value,
                "seed": seed,
            },
            "k": k,
            "rank": rank,
            "fusion": fusion,
            "include_smarts": include_smarts or (),
            "exclude_smarts": exclude_smarts or (),
            "exclude_alerts": no_alerts,
            "where": where or (),
            "unique": unique,
            "keep_query": not drop_query,
            "facts": facts or (),
            "encoder": encoder,
            "device": device,
            "batch_size": batch_size,
            "workers": workers,
            "excel_safe": excel_safe,
            "overwrite": overwrite,
        },
    )
    run(request, as_json=as_json, quiet=quiet)


def run(request: SpaceRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Search a space and tell what came of it."""
    from molsearch.cli.screen_report import print_hits, print_table
    from molsearch.cli.telling import Terminal, plain_warnings
    from molsearch.service.session import Session
    from molsearch.service.space import space

    with plain_warnings():
        done = space(request, Session(), Terminal(quiet=quiet))
    if request.output is None:
        print_table(done.hits, sys.stdout, excel_safe=request.excel_safe)
    if not quiet:
        print_hits(done.hits, done.watch, request.output)
    if as_json:
        print(json.dumps(done.account, default=str))
    return done.account
