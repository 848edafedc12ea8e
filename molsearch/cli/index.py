"""``molsearch index``: embed a library into a searchable index."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from molsearch.cli import options, stages

if TYPE_CHECKING:
    from molsearch.data.prepared import PreparedSet
    from molsearch.index.reader import IndexReader

app = typer.Typer(add_completion=False)

_HELP = (
    "Embed a library into a searchable index.\n\n"
    "LIB is a prepared set (see `molsearch prepare`), or files of molecules, which are prepared "
    "first; that prepared set is kept inside the index folder. An interrupted run is continued "
    "by the same command, and readers see the old index until the new one is whole."
)
_OF_RAW_FILES = (
    "smiles_column",
    "id_column",
    "id_field",
    "delimiter",
    "header",
    "conformers",
    "quality",
    "use_input_3d",
    "seed",
    "limit",
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def index(
    context: typer.Context,
    library: Annotated[list[str], typer.Argument(metavar="LIB...", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the index.")],
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
    use_input_3d: Annotated[
        bool,
        typer.Option(
            "--use-input-3d",
            help="Keep 3D coordinates of SDF input where they are real.",
            rich_help_panel="Preparing",
        ),
    ] = False,
    seed: options.Seed = 20,
    workers: options.Workers = options.CPUS,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Index a library; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    from molsearch.config import PrepareConfig, ReadConfig
    from molsearch.index.layout import PREPARED
    from molsearch.index.writer import check_target

    started = time.monotonic()
    check_target(output)
    ready = _as_prepared(library, context)
    with stages.plain_warnings():
        embedder = stages.load(encoder, device=device, batch_size=batch_size)
        if ready is None:
            ready = stages.prepared_set(
                library,
                output / PREPARED,
                ReadConfig(
                    smiles_column=smiles_column,
                    id_column=id_column,
                    id_field=id_field,
                    delimiter=delimiter,
                    header=header,
                ),
                PrepareConfig(
                    n_conformers=conformers,
                    quality=quality.value,
                    use_input_3d=use_input_3d,
                    seed=seed,
                ),
                workers=workers,
                replace=overwrite,
                any_source=False,
                limit=limit,
                quiet=quiet,
            )
        reader = stages.index_of(ready, embedder, output, overwrite=overwrite, quiet=quiet)
    if repeats := str(ready.repeated_ids()):
        stages.say(repeats, quiet=quiet)
    _report(reader, time.monotonic() - started, as_json=as_json, quiet=quiet)


def _as_prepared(library: list[str], context: typer.Context) -> PreparedSet | None:
    """Open LIB where it is a prepared set; options for raw files make no sense then."""
    from molsearch.data.prepared import PreparedSet
    from molsearch.errors import UsageError

    ready = [name for name in library if PreparedSet.is_prepared(name)]
    if not ready:
        return None
    if len(library) > 1:
        raise UsageError(
            f"{ready[0]} is a prepared set, which is indexed by itself; name nothing beside it"
        )
    if given := options.given(context, _OF_RAW_FILES):
        raise UsageError(f"{ready[0]} is prepared already: {given[0]} has no effect; leave it out")
    return PreparedSet.open(ready[0])


def _report(reader: IndexReader, seconds: float, *, as_json: bool, quiet: bool) -> None:
    from molsearch.io.runs import write_run

    summary: dict[str, Any] = {
        "output": str(reader.path),
        "generation": reader.manifest.generation,
        "n_in": reader.manifest.n_in,
        "n_ok": reader.manifest.n_ok,
        "n_failed": reader.manifest.n_failed,
        "encoder": reader.identity,
        "library": reader.manifest.plan.library,
        "dim": reader.dim,
        "dtype": reader.manifest.plan.dtype,
        "seconds": round(seconds, 2),
    }
    write_run(reader.path / "run.json", "index", summary)
    n_failed = reader.manifest.n_failed
    failed = f", {n_failed:,} record{'' if n_failed == 1 else 's'} failed" if n_failed else ""
    stages.say(
        f"{reader.n_rows:,} molecules indexed in {reader.path}{failed} ({seconds:,.1f} s)",
        quiet=quiet,
    )
    if as_json:
        print(json.dumps(summary))
