"""Options that several verbs share: fields of their requests, and how they tell their end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molsearch.cli.flags import Flag

HELP_NAMES = {"help_option_names": ["-h", "--help"]}

_READING = "Reading"
_PREPARING = "Preparing"

READING = (
    Flag("read.smiles_column", ("-s", "--smiles-column"), _READING),
    Flag("read.id_column", panel=_READING),
    Flag("read.id_field", panel=_READING),
    Flag("read.delimiter", panel=_READING),
    Flag("read.header", panel=_READING),
)
LIMIT = Flag("limit", panel=_READING)
CONFORMERS = Flag("prepare.n_conformers", ("--conformers",), _PREPARING)
QUALITY = Flag("prepare.quality", panel=_PREPARING)
USE_INPUT_3D = Flag("prepare.use_input_3d", panel=_PREPARING)
SEED = Flag("prepare.seed", panel=_PREPARING)
# An index's conformers are those that its encoder's card decides, unless somebody says a number.
OPEN_CONFORMERS = Flag("prepare.n_conformers", ("--conformers",), _PREPARING, shown=False)
_CLUSTER = "Cluster"
CLUSTER = Flag("cluster", metavar="auto|HOST:PORT", panel=_CLUSTER)
STAGING = Flag("staging", panel=_CLUSTER)
WORKERS = Flag("workers", ("-n", "--workers"), _PREPARING)
EMBEDDING = (
    Flag("encoder"),
    Flag("device"),
    Flag("batch_size", ("-b", "--batch-size")),
)
FAILURES = Flag("failures")
OVERWRITE = Flag("overwrite")
OUTPUT = Flag("output", ("-o", "--output"))
INDEX = Flag("index", ("-i", "--index"))
QUERIES = Flag("queries", ("-q", "--query"))

Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:n.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what exists.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no summary.")]
# Where -q is a query.
LongQuiet = Annotated[bool, typer.Option("--quiet", help="No progress, no table.")]


def text(path: Path | None) -> str | None:
    """Write a path as a request has it."""
    return None if path is None else str(path)
