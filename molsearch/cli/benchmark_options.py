"""Options of ``molsearch benchmark`` alone, and how its lists are written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molsearch.errors import UsageError

_METHODS = (
    "Comma-separated: random, heavy-atoms, properties, ecfp4, fcfp4, torsion, atom-pair, path, "
    "maccs, rdkit, usrcat, shape, untrained, molsearch, an encoder folder; a+b adds them, 2*a+b "
    "with weights, -top2 or -mean behind a part fuses queries; balanced: what screens rank by."
)
_QUERIES = (
    "Draw so many actives of each target as queries together, in place of the benchmark's own; "
    "several numbers such as 1,5 give a result file each."
)
_FULL = (
    "All molecules for 3D methods too. Without it, and without limits of your own, a run with 3D "
    "methods draws at most 40 actives and 2,000 decoys a target."
)
_TRAINING = (
    "Training sets the audit compares with: standard, target-held-out, files; 'none'. By default "
    "those of the encoders, else standard, where they can be read."
)
_RANDOM = (
    "Hide the actives among so many random compounds too, for the Bayes enrichment factor EF^B of "
    "BayesBind; 10000 tells up to 1 in 1,000. Adds to a finished file."
)
_RANDOM_FROM = (
    "File of the random compounds; by default $MOLSEARCH_DATA/unlabelled.parquet, screening "
    "compounds of PubChem."
)
_MOST = "At most so many a target."

Methods = Annotated[str, typer.Option("--methods", help=_METHODS)]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Result file; results/NAME.json by default.")
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the benchmark's files ($MOLSEARCH_DATA/NAME)."),
]
Targets = Annotated[str, typer.Option("--targets", help="Only these targets, comma-separated.")]
LimitTargets = Annotated[
    int | None, typer.Option("--limit-targets", min=1, help="The first so many targets.")
]
LimitActives = Annotated[int | None, typer.Option("--limit-actives", min=1, help=_MOST)]
LimitDecoys = Annotated[int | None, typer.Option("--limit-decoys", min=1, help=_MOST)]
Queries = Annotated[str, typer.Option("--queries", help=_QUERIES)]
Draws = Annotated[int, typer.Option("--draws", min=1, help="Draws a target, with --queries.")]
Full = Annotated[bool, typer.Option("--full", help=_FULL)]
QueryConformers = Annotated[
    int, typer.Option("--query-conformers", min=1, help="3D geometries of each query.")
]
Training = Annotated[str, typer.Option("--training", help=_TRAINING)]
Random = Annotated[int, typer.Option("--random", min=0, help=_RANDOM)]
RandomFrom = Annotated[Path | None, typer.Option("--random-from", help=_RANDOM_FROM)]
Cache = Annotated[Path | None, typer.Option("--cache", help="Folder of prepared conformers.")]


def split(text: str) -> list[str]:
    """Read names that stand between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def numbers(text: str) -> list[int]:
    """Read ``1,5,10``.

    Raises
    ------
    UsageError
        Something else stands there.
    """
    parts = split(text)
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise UsageError(f"--queries {text!r}: give whole numbers from 1 on, such as 1,5,10")
    return [int(part) for part in parts]


def trainings(text: str) -> list[str] | None:
    """Read the training sets of the audit: None where nobody has named any."""
    names = split(text)
    if names == ["none"]:
        return []
    return names or None
