"""Write picks where and as a file's name says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from molsearch import schema
from molsearch.chem.molblock import mol_block
from molsearch.errors import UsageError
from molsearch.io.outputs import refuse_existing
from molsearch.io.tables import table_format, write_frame, write_sdf
from molsearch.picks.config import PickConfig
from molsearch.picks.pick import Picks

XLSX = ".xlsx"
STRUCTURES = (schema.SMILES, schema.PARENT_SMILES, schema.SCAFFOLD)


def check_output(path: Path, *, overwrite: bool) -> None:
    """Refuse an output before any work is done for it.

    Raises
    ------
    UsageError
        Its name tells no format, it exists (without `overwrite`), or it cannot be written.
    """
    if path.suffix.lower() != XLSX:
        try:
            table_format(path)
        except UsageError as error:
            raise UsageError(f"{error}; picks also in {XLSX}") from error
    refuse_existing(path, overwrite=overwrite)


def write_picks(picks: Picks, config: PickConfig, path: Path, *, excel_safe: bool = False) -> None:
    """Write picks to csv, tsv, parquet, SDF (flat drawings of the parents) or xlsx, atomically."""
    if path.suffix.lower() == XLSX:
        from molsearch.picks.workbook import write_workbook

        write_workbook(picks, config, path)
    elif table_format(path) == "sdf":
        write_sdf(_entries(picks), path)
    else:
        write_frame(picks.frame, path, excel_safe=excel_safe, verbatim=STRUCTURES)


def _entries(picks: Picks) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = picks.frame.to_dict("records")
    for row, parent in zip(rows, picks.parents, strict=True):
        title = str(row[schema.MOLECULE_ID])
        yield mol_block(parent, None, title), {str(name): value for name, value in row.items()}
