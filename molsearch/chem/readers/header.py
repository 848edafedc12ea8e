"""Whether the first row of a text names the columns."""

from __future__ import annotations

import re

from molsearch.chem.readers.identifiers import names_id
from molsearch.chem.readers.structures import Rows, is_molecule, weak_smiles_name


def looks_like_header(rows: Rows, smiles: int | None, table: bool) -> bool:
    """Whether the first of the sampled rows names the columns.

    A first row whose SMILES cell parses is data. One that does not parse is a header where it
    uses a known word or, in tables, where nothing speaks for a bad first molecule.

    Parameters
    ----------
    rows
        The first rows of the file, as cells.
    smiles
        The SMILES column found by content or chosen by number, if any.
    table
        Whether the text is delimited; plain SMI files rarely have a header.
    """
    first = rows[0]
    if smiles is not None and smiles < len(first) and is_molecule(first[smiles]):
        return False
    if any(weak_smiles_name(cell) or names_id(cell) for cell in first):
        return True
    return table and not _continues(rows)


def _continues(rows: Rows) -> bool:
    """Whether the first row's cells are shaped like those below (mol1 above mol2): data."""
    below = rows[1:]
    for position, cell in enumerate(rows[0]):
        shapes = {_shape(row[position]) for row in below if position < len(row)}
        if len(shapes) == 1 and "9" in _shape(cell) and _shape(cell) in shapes:
            return True
    return not below


def _shape(cell: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell.strip()))
