"""``molsearch data overlays``: how alike the shapes of training molecules are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from molsearch.cli import options

app = typer.Typer(add_completion=False)

_HELP = (
    "Overlay pairs of training molecules whose bonds are unlike: a table for training's shapes.\n\n"
    "Molecules with a prepared conformer are laid over each other by shape and pharmacophore "
    "features, from several starting poses; the best counts. Some 100 pairs a second and core; an "
    "interrupted run goes on by the same command."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def overlays(
    output: Annotated[Path, typer.Option("-o", "--output", help="Table to write (.parquet).")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the data ($MOLSEARCH_DATA).")
    ] = None,
    activities: Annotated[
        str, typer.Option(help="Activity table within it, which says who may be trained on.")
    ] = "activities.parquet",
    conformers: Annotated[str, typer.Option(help="Folder of conformers within it.")] = "conformers",
    anchors: Annotated[int, typer.Option(min=1, help="Molecules to lay others over.")] = 10_000,
    partners: Annotated[int, typer.Option(min=1, help="Pairs of each.")] = 8,
    below: Annotated[
        float, typer.Option(min=0, max=1, help="ECFP4 similarity that pairs stay below.")
    ] = 0.35,
    hops: Annotated[
        float, typer.Option(min=0, max=1, help="Share of partners sought among own targets.")
    ] = 0.5,
    poses: Annotated[int, typer.Option(min=1, max=4, help="Starting poses of a partner.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Draws anchors and partners.")] = 20,
    workers: Annotated[int, typer.Option("-n", "--workers", min=1, help="Processes.")] = 1,
    overwrite: Annotated[bool, typer.Option(help="Replace OUTPUT.")] = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Overlay pairs; see `_HELP`."""
    from molsearch.cli.telling import Terminal
    from molsearch.service.overlays import make, settings_of

    found = make(
        output,
        data=data,
        activities=activities,
        conformers=conformers,
        settings=settings_of(
            anchors=anchors, partners=partners, below=below, hops=hops, poses=poses, seed=seed
        ),
        workers=workers,
        overwrite=overwrite,
        emit=Terminal(quiet=quiet),
    )
    if as_json:
        typer.echo(json.dumps(found))
