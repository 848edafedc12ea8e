"""Targets whose sequence is close to one that must not be trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from molsearch.data.training_tables import read_table
from molsearch.errors import InputError

#: Columns of identity to the nearest target of each set, and the sets of the benchmarks.
DEVELOPMENT = ("id_dev",)
BENCHMARKS = ("id_dude", "id_litpcba", "id_muv")


def close_targets(path: Path, columns: Sequence[str], most: float) -> frozenset[str]:
    """Return the targets of which it is not known that they are far enough.

    Flags compare accessions and names, which misses close homologues: the protease of another
    strain, a receptor of another species.

    Parameters
    ----------
    path
        A table with a row a target: ``uniprot``, and fractions of identical residues, the
        highest to any target of a set.
    columns
        Sets to stay away from.
    most
        Identity up to which a target may be trained on. A target without a sequence has no
        identity and is left out.

    Raises
    ------
    InputError
        If the table is absent or lacks a column.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such table of homology; set MOLSEARCH_DATA, or homology: ''")
    table = read_table(path, "table of homology", ("uniprot",), numbers=columns)
    identity = table[list(columns)].apply(pd.to_numeric, errors="coerce")
    return frozenset(table.loc[~(identity <= most).all(axis=1), "uniprot"])
