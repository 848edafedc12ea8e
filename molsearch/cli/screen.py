"""``molsearch screen``: rank a library for one or more query ligands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from molsearch.cli import options, stages
from molsearch.cli.screen_job import Job

app = typer.Typer(add_completion=False)

_HELP = (
    "Rank a library for one or more query ligands.\n\n"
    "A query is a SMILES, an InChI, or a file of molecules. The library is an index (-i), or "
    "files of molecules (-l), whose index is then kept in the user's cache and found again.\n\n"
    "    molsearch screen -q 'CC(=O)Oc1ccccc1C(=O)O' -i library.index -k 1000 -o hits.csv"
)
_OF_RAW_FILES = ("conformers", "quality", "seed", "limit")
_FILTERS = "Filters (k hits that pass are returned)"
_CONTRAST = "Known inactives, as counter-examples"


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def screen(
    context: typer.Context,
    query: Annotated[
        list[str],
        typer.Option("-q", "--query", help="SMILES, InChI or file; may be repeated."),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help=".csv .tsv .sdf (each also .gz), .parquet, or -."),
    ],
    index: Annotated[
        Path | None, typer.Option("-i", "--index", help="Index of the library.")
    ] = None,
    library: Annotated[
        list[str] | None,
        typer.Option("-l", "--library", help="Files of the library; may be repeated."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Hits wanted.")] = 1000,
    rank: Annotated[
        str,
        typer.Option(
            "--rank",
            help="What ranks: balanced, molsearch (the encoder alone), ecfp4, or weights of both "
            "such as 4*molsearch+ecfp4; -max, -top2 and -mean behind a name fuse several queries.",
        ),
    ] = "balanced",
    fusion: Annotated[
        Literal["max", "top2", "mean"] | None,
        typer.Option(
            help="Over several queries: the nearest, the mean of the nearest two, the mean of "
            "all; as --rank says by default."
        ),
    ] = None,
    conformer_fusion: Annotated[
        Literal["max", "mean"], typer.Option(help="Over the conformers of a query.")
    ] = "mean",
    query_conformers: Annotated[
        int | None,
        typer.Option(
            min=0, max=500, help="3D geometries a query; as many as the library's by default."
        ),
    ] = None,
    use_input_3d: Annotated[
        bool,
        typer.Option(
            "--use-input-3d",
            help="Search with the 3D coordinates that a query SDF gives; consecutive records of "
            "one molecule are its conformers.",
        ),
    ] = False,
    inactives: Annotated[
        list[str] | None,
        typer.Option(
            "--inactives",
            help="SMILES, InChI or file of measured inactives; may be repeated. Each hit gets the "
            "nearest one and its score.",
            rich_help_panel=_CONTRAST,
        ),
    ] = None,
    inactives_weight: Annotated[
        float,
        typer.Option(
            "--inactives-weight",
            min=0,
            callback=options.finite,
            help="Rank the library by score - W * score of the nearest inactive; 0 leaves ranks "
            "as they are.",
            metavar="W",
            rich_help_panel=_CONTRAST,
        ),
    ] = 0.0,
    drop_inactives: Annotated[
        bool,
        typer.Option(
            "--drop-inactives",
            help="Leave the inactives themselves out.",
            rich_help_panel=_CONTRAST,
        ),
    ] = False,
    include_smarts: Annotated[
        list[str] | None,
        typer.Option(
            help="Substructure every hit has; repeat for all of several.", rich_help_panel=_FILTERS
        ),
    ] = None,
    exclude_smarts: Annotated[
        list[str] | None,
        typer.Option(help="Substructure no hit has; may be repeated.", rich_help_panel=_FILTERS),
    ] = None,
    no_alerts: Annotated[
        bool,
        typer.Option(
            "--no-alerts", help="No hit with a structural alert.", rich_help_panel=_FILTERS
        ),
    ] = False,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Condition such as 'mw<500', '200<=mw<500, clogp<=5', 'ecfp4_similarity<0.4', or "
            "on your own columns: '\"list price\"<90, vendor=Acme'.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    unique: Annotated[
        Literal["none", "parent", "skeleton", "scaffold"],
        typer.Option(
            help="Keep the best hit of each parent (salts), skeleton (stereoisomers) or scaffold.",
            rich_help_panel=_FILTERS,
        ),
    ] = "none",
    drop_query: Annotated[
        bool,
        typer.Option(
            "--drop-query", help="Leave the queries themselves out.", rich_help_panel=_FILTERS
        ),
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write a page with the drawn hits.")
    ] = None,
    excel_safe: Annotated[
        bool,
        typer.Option("--excel-safe", help="Keep spreadsheets from running text as formulas."),
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every byte of the index first.")
    ] = False,
    encoder: options.EncoderPath = None,
    device: options.Device = "auto",
    batch_size: options.BatchSize = 128,
    smiles_column: options.SmilesColumn = None,
    id_column: options.IdColumn = None,
    id_field: options.IdField = None,
    delimiter: options.Delimiter = None,
    header: options.Header = None,
    limit: options.Limit = None,
    conformers: options.Conformers = 1,
    quality: options.QualityOption = options.Quality.fast,
    seed: options.Seed = 20,
    workers: options.Workers = options.CPUS,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress, no table (-q is the query).")
    ] = False,
) -> None:
    """Screen a library; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig

    job = Job(
        queries=query,
        inactives=inactives or [],
        index=index,
        library=library or [],
        output=output,
        html=html,
        read=ReadConfig(
            smiles_column=smiles_column,
            id_column=id_column,
            id_field=id_field,
            delimiter=delimiter,
            header=header,
        ),
        prepare=PrepareConfig(n_conformers=conformers, quality=quality.value, seed=seed),
        query_changes=_query_changes(query_conformers, use_input_3d),
        config=ScreenConfig(
            k=k,
            rank=rank,
            fusion=fusion,
            conformer_fusion=conformer_fusion,
            include_smarts=tuple(include_smarts or ()),
            exclude_smarts=tuple(exclude_smarts or ()),
            exclude_alerts=no_alerts,
            where=tuple(where or ()),
            unique=unique,
            keep_query=not drop_query,
            keep_inactives=not drop_inactives,
            inactives_weight=inactives_weight,
        ),
        encoder=encoder,
        device=device,
        batch_size=batch_size,
        workers=workers,
        limit=limit,
        excel_safe=excel_safe,
        verify=verify,
        overwrite=overwrite,
        as_json=as_json,
        quiet=quiet,
    )
    job.check(options.given(context, _OF_RAW_FILES))
    with stages.plain_warnings():
        job.run()


def _query_changes(query_conformers: int | None, use_input_3d: bool) -> dict[str, Any]:
    """Collect in what the preparation of queries differs from that of the library."""
    changes: dict[str, Any] = {"use_input_3d": use_input_3d}
    if query_conformers is not None:
        changes["n_conformers"] = query_conformers
    return changes
