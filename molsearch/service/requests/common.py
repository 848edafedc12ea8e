"""Fields that requests have in common, each described once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from molsearch.config import Molecule, Vector

VERSION: Literal[1] = 1
CPUS = os.cpu_count() or 1
# What stands for a ligand: a structure or a file as a user types it, a file, or a structure.
Ligand = str | Path | Molecule | Vector

_LIGANDS = "SMILES, InChI or file"
Queries = Annotated[
    tuple[Ligand, ...], Field(min_length=1, description=f"{_LIGANDS}; may be repeated")
]
Files = Annotated[
    tuple[str, ...],
    Field(
        min_length=1,
        description="files (.smi .csv .tsv .sdf .parquet, each also .gz), folders, or -",
    ),
]
Index = Annotated[str, Field(description="folder of the index")]
Hits = Annotated[
    str | None, Field(description="hit list: .csv .tsv .sdf (each also .gz), .parquet, or -")
]
Page = Annotated[str | None, Field(description="also write a page with the drawn hits")]
Failures = Annotated[
    str | None, Field(description="also write what could not be used to this csv file")
]
Encoder = Annotated[
    str | None,
    Field(description="folder or name of an encoder; the bundled one where none is named"),
]
Device = Annotated[str, Field(description="auto, cpu, cuda or cuda:n")]
BatchSize = Annotated[int, Field(ge=1, description="molecules embedded at a time")]
Workers = Annotated[int, Field(ge=1, description="worker processes")]
Cluster = Annotated[
    str | None,
    Field(description="work on a Ray cluster: auto, this machine's, or host:port of its head"),
]
Staging = Annotated[
    str | None,
    Field(
        description="folder or address (such as s3://bucket/folder) that all nodes of the cluster "
        "see, where they put what they make; the folder of the output where none is named"
    ),
]
Limit = Annotated[int | None, Field(ge=1, description="read this many records only")]
ExcelSafe = Annotated[bool, Field(description="keep spreadsheets from running text as formulas")]
Overwrite = Annotated[bool, Field(description="replace what exists")]
Discard = Annotated[bool, Field(description="discard another change that was never finished")]
