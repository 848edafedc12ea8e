"""Options that several verbs share: how files are read and molecules prepared."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Quality(StrEnum):
    """How carefully conformers are made."""

    fast = "fast"
    full = "full"


_READING = "Reading"
_PREPARING = "Preparing"

SmilesColumn = Annotated[
    str | None, typer.Option("-s", "--smiles-column", rich_help_panel=_READING)
]
IdColumn = Annotated[str | None, typer.Option("--id-column", rich_help_panel=_READING)]
IdField = Annotated[
    str | None,
    typer.Option("--id-field", help="SD tag that holds the id.", rich_help_panel=_READING),
]
Delimiter = Annotated[str | None, typer.Option("--delimiter", rich_help_panel=_READING)]
Header = Annotated[
    bool | None,
    typer.Option("--header/--no-header", show_default=False, rich_help_panel=_READING),
]
Conformers = Annotated[
    int,
    typer.Option(
        "--conformers",
        min=0,
        max=500,
        help="3D geometries a library molecule; 0 makes none.",
        rich_help_panel=_PREPARING,
    ),
]
LibraryConformers = Annotated[
    int | None,
    typer.Option(
        "--conformers",
        min=0,
        max=500,
        help="3D geometries a library molecule. By default 1, or none where the encoder's card "
        "says that they gain it nothing.",
        show_default=False,
        rich_help_panel=_PREPARING,
    ),
]
QualityOption = Annotated[
    Quality,
    typer.Option(
        "--quality",
        help="fast: hydrogens on stereocentres only; full: all hydrogens and MMFF.",
        rich_help_panel=_PREPARING,
    ),
]
UseInput3D = Annotated[
    bool,
    typer.Option(
        "--use-input-3d",
        help="Keep 3D coordinates of SDF input where they are real.",
        rich_help_panel=_PREPARING,
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", help="Seed of the conformers.", rich_help_panel=_PREPARING)
]
IndexFacts = Annotated[
    list[str] | None,
    typer.Option(
        "--facts",
        help="Facts to compute now for every molecule, such as alerts,clogp,qed, or all; else they "
        "are computed for hits and filters, and kept. May be given later.",
        show_default=False,
    ),
]
Workers = Annotated[
    int,
    typer.Option("-n", "--workers", min=1, help="Worker processes.", rich_help_panel=_PREPARING),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Read this many records only.", rich_help_panel=_READING),
]
Failures = Annotated[
    Path | None,
    typer.Option("--failures", help="Also write what could not be used to this csv file."),
]
EncoderPath = Annotated[
    str | None,
    typer.Option("--encoder", help="Encoder folder; the bundled one where none is named."),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:n.")]
BatchSize = Annotated[
    int, typer.Option("-b", "--batch-size", min=1, help="Molecules embedded at a time.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what exists.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no summary.")]
Output = Annotated[Path, typer.Option("-o", "--output")]


def finite(value: float) -> float:
    """Refuse nan and inf, which pass for numbers in any range."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no number that can be used")
    return value


def reading(
    smiles_column: str | None,
    id_column: str | None,
    id_field: str | None,
    delimiter: str | None,
    header: bool | None,
) -> dict[str, str | bool | None]:
    """Fields of a `molsearch.config.ReadConfig`."""
    return {
        "smiles_column": smiles_column,
        "id_column": id_column,
        "id_field": id_field,
        "delimiter": delimiter,
        "header": header,
    }


def text(path: Path | None) -> str | None:
    """Write a path as a request has it."""
    return None if path is None else str(path)


HELP_NAMES = {"help_option_names": ["-h", "--help"]}
CPUS = os.cpu_count() or 1


def given(context: typer.Context, names: Sequence[str]) -> list[str]:
    """Those of the parameters `names` that the user wrote, as the options are spelt."""
    sources = {name: context.get_parameter_source(name) for name in names}
    return [
        "--" + name.replace("_", "-")
        for name, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    ]
