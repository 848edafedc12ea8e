"""Write a hit list where and as its file name says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.conformers import geometry_of
from molsearch.chem.molblock import mol_block
from molsearch.errors import UsageError
from molsearch.io import parquet
from molsearch.io.outputs import check_output
from molsearch.io.tables import table_format, write_frame, write_sdf
from molsearch.search.hits import STRUCTURES
from molsearch.search.screen import HitList

COORDINATES = "coordinates"
_AT_ONCE = 1024


def check_table(path: Path, what: str, *, overwrite: bool) -> None:
    """As `molsearch.io.outputs.check_output`, for `what` comes as a table and has no SDF.

    Raises
    ------
    UsageError
        As of `check_output`, or it is an SDF.
    """
    kind = table_format(path, structures=False)
    check_output(path, overwrite=overwrite)
    if kind == "sdf":
        raise UsageError(f"{path}: {what} are a table; name a .csv or .parquet file")


def write_hits(hits: HitList, path: Path, *, excel_safe: bool = False) -> tuple[str, ...]:
    """Write a hit list to csv, tsv, parquet or SDF, by its suffix, atomically.

    In parquet the user's columns have the types of their source; which of them stay text, and
    why, is returned.

    An SDF holds the parent of each hit with its stored 3D geometry, one made now where the
    library was prepared without conformers, or flat coordinates where there is none; the tag
    ``coordinates`` says which (``3D`` or ``2D``).
    """
    kind = table_format(path)
    if kind == "parquet":
        typed = hits.typed
        parquet.write(typed.table, path)
        return typed.notes
    if kind == "sdf":
        write_sdf(_entries(hits), path)
    else:
        write_frame(hits.frame, path, excel_safe=excel_safe, verbatim=STRUCTURES)
    return ()


def _entries(hits: HitList) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = hits.frame.to_dict("records")
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        for row, geometry in zip(some, _geometries(hits, first, len(some)), strict=True):
            tags: dict[str, Any] = {str(name): value for name, value in row.items()}
            tags[COORDINATES] = "2D" if geometry is None else "3D"
            title = str(row[schema.MOLECULE_ID])
            yield mol_block(str(row[schema.PARENT_SMILES]), geometry, title), tags


def _geometries(hits: HitList, first: int, n: int) -> Iterator[NDArray[np.int16] | None]:
    """First conformer of hits ``first .. first + n - 1``, stored or made: ``[n_atoms, 3]``."""
    found = hits.candidates.take(np.arange(first, first + n))
    columns = [schema.N_CONFORMERS, schema.N_ATOMS, schema.COORDS, schema.PARENT_SMILES]
    table = hits.reader.take(found.shards, found.rows, columns)
    prepare = hits.reader.manifest.library.prepare
    for n_conformers, n_atoms, coords, parent in zip(
        *(table.column(name).to_pylist() for name in columns), strict=True
    ):
        if n_conformers:
            yield np.frombuffer(coords, "<i2").reshape(n_conformers, n_atoms, 3)[0]
        else:
            yield geometry_of(parent, prepare) if prepare.n_conformers == 0 else None
