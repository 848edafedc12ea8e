"""``molsearch screen``: rank a library for one or more query ligands."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli import screen_options as own
from molsearch.cli.screen_report import run
from molsearch.errors import UsageError
from molsearch.service.requests import ScreenRequest, validated

app = typer.Typer(add_completion=False)

_HELP = (
    "Rank a library for one or more query ligands.\n\n"
    "A query is a SMILES, an InChI, or a file of molecules. The library is an index (-i), or "
    "files of molecules (-l), whose index is then kept in the user's cache and found again.\n\n"
    "    molsearch screen -q 'CC(=O)Oc1ccccc1C(=O)O' -i library.index -k 1000 -o hits.csv"
)
_OF_RAW_FILES = ("conformers", "quality", "seed", "limit")
_DUE = ScreenRequest.model_construct()  # every default, nothing else


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def screen(
    context: typer.Context,
    query: own.Queries,
    output: own.Output,
    index: own.Index = None,
    library: own.Library = None,
    k: own.K = _DUE.k,
    rank: own.Rank = _DUE.rank,
    depth: own.Depth = _DUE.depth,
    fusion: own.Fusion = _DUE.fusion,
    conformer_fusion: own.ConformerFusion = _DUE.conformer_fusion,
    query_conformers: own.QueryConformers = None,
    use_input_3d: own.UseInput3D = False,
    activity_column: own.ActivityColumn = None,
    active_above: own.ActiveAbove = _DUE.active_above,
    inactives: own.Inactives = None,
    inactives_weight: own.InactivesWeight = _DUE.inactives_weight,
    drop_inactives: own.DropInactives = False,
    threshold: own.Threshold = None,
    exclude_ids: own.ExcludeIds = None,
    dissimilar_to: own.DissimilarTo = None,
    dissimilar_at: own.DissimilarAt = _DUE.dissimilar_at,
    include_smarts: own.IncludeSmarts = None,
    exclude_smarts: own.ExcludeSmarts = None,
    no_alerts: own.NoAlerts = False,
    where: own.Where = None,
    unique: own.Unique = _DUE.unique,
    drop_query: own.DropQuery = False,
    base_rate: own.BaseRate = _DUE.base_rate,
    facts: own.Facts = None,
    html: own.Html = None,
    excel_safe: own.ExcelSafe = False,
    verify: own.Verify = False,
    failures: options.Failures = None,
    encoder: options.EncoderPath = None,
    device: options.Device = _DUE.device,
    batch_size: options.BatchSize = _DUE.batch_size,
    smiles_column: options.SmilesColumn = None,
    id_column: options.IdColumn = None,
    id_field: options.IdField = None,
    delimiter: options.Delimiter = None,
    header: options.Header = None,
    limit: options.Limit = None,
    conformers: options.LibraryConformers = None,
    quality: options.QualityOption = options.Quality.fast,
    seed: options.Seed = _DUE.prepare.seed,
    workers: options.Workers = _DUE.workers,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: own.Quiet = False,
) -> None:
    """Screen a library; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    if as_json and str(output) == "-":
        raise UsageError("--json and -o - both write to standard output; choose one")
    if index is not None and (given := options.given(context, _OF_RAW_FILES)):
        raise UsageError(f"{given[0]} is for libraries given by -l; the index is made already")
    reading = options.reading(smiles_column, id_column, id_field, delimiter, header)
    request = validated(
        ScreenRequest,
        {
            "queries": query,
            "inactives": inactives or (),
            "index": options.text(index),
            "library": library or (),
            "output": None if str(output) == "-" else str(output),
            "html": options.text(html),
            "read": reading,
            "prepare": {
                **({} if conformers is None else {"n_conformers": conformers}),
                "quality": quality.value,
                "seed": seed,
            },
            "query_conformers": query_conformers,
            "use_input_3d": use_input_3d,
            "k": k,
            "activity_column": activity_column,
            "active_above": active_above,
            "rank": rank,
            "depth": depth,
            "fusion": fusion,
            "conformer_fusion": conformer_fusion,
            "threshold": threshold,
            "exclude_ids": exclude_ids or (),
            "dissimilar_to": dissimilar_to or (),
            "dissimilar_at": dissimilar_at,
            "include_smarts": include_smarts or (),
            "exclude_smarts": exclude_smarts or (),
            "exclude_alerts": no_alerts,
            "where": where or (),
            "unique": unique,
            "keep_query": not drop_query,
            "keep_inactives": not drop_inactives,
            "inactives_weight": inactives_weight,
            "base_rate": base_rate,
            "facts": facts or (),
            "failures": options.text(failures),
            "encoder": encoder,
            "device": device,
            "batch_size": batch_size,
            "workers": workers,
            "limit": limit,
            "excel_safe": excel_safe,
            "verify": verify,
            "overwrite": overwrite,
        },
    )
    run(request, as_json=as_json, quiet=quiet)
