"""Write picks where and as a file's name says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from molsearch import schema
from molsearch.chem.molblock import mol_block
from molsearch.io import outputs
from molsearch.io.tables import table_format, write_frame, write_sdf
from molsearch.picks.config import PickConfig
from molsearch.picks.pick import Picks

XLSX = ".xlsx"
STRUCTURES = (schema.SMILES, schema.PARENT_SMILES, schema.SCAFFOLD)


def check_output(path: Path, *, overwrite: bool) -> None:
    """As `molsearch.io.outputs.check_output`, for picks: xlsx too."""
    outputs.check_output(path, overwrite=overwrite, what="picks", also=(XLSX,))


def write_picks(picks: Picks, config: PickConfig, path: Path, *, excel_safe: bool = False) -> None:
    """Write picks to csv, tsv, parquet, SDF (flat drawings of the parents) or xlsx, atomically."""
    if path.suffix.lower() == XLSX:
        from molsearch.picks.workbook import write_workbook

        write_workbook(picks, config, path)
        return
    kind = table_format(path)
    if kind == "sdf":
        write_sdf(_entries(picks), path)
    else:
        frame = picks.frame if kind == "parquet" else picks.texts
        write_frame(frame, path, excel_safe=excel_safe, verbatim=STRUCTURES)


def _entries(picks: Picks) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = picks.texts.to_dict("records")
    for row, parent in zip(rows, picks.parents, strict=True):
        title = str(row[schema.MOLECULE_ID])
        yield mol_block(parent, None, title), {str(name): value for name, value in row.items()}
