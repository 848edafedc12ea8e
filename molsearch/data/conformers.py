"""Prepared conformers of training molecules: parquet files of fixed form, or a prepared set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch.data.prepared import PreparedSet
from molsearch.errors import InputError
from molsearch.io import parquet
from molsearch.io.folders import Kind, look
from molsearch.schema import COORDS, N_ATOMS, N_CONFORMERS, PARENT_SMILES

#: Packed coordinates of each conformer, by the SMILES whose atom order they follow.
Conformers = dict[str, tuple[bytes, ...]]

_COLUMNS = ["smiles", "coords"]
_OF_SET = (PARENT_SMILES, N_CONFORMERS, N_ATOMS, COORDS)


def load_conformers(folder: Path) -> Conformers:
    """Read all conformers of a folder.

    Files hold ``smiles`` and ``coords``: int16 ``[n_atoms, 3]``, thousandths of an Å. A molecule
    with several conformers has as many rows; one that is there twice counts once. A prepared set
    serves too, with the conformers that it was made with.

    Raises
    ------
    InputError
        If there is no such folder, nothing of that kind in it, or a file lacks these columns.
    """
    found: Conformers = {}
    if look(folder).kind is Kind.PREPARED:
        for table in PreparedSet.open(folder).iter_tables(list(_OF_SET)):
            found |= conformers_of(table)
        return found
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise InputError(
            f"{folder}: no conformers there; name another folder (conformers), or none for "
            "molecules without geometry"
        )
    for path in files:
        missing = set(_COLUMNS) - set(parquet.names(path))
        if missing:
            raise InputError(f"{path}: no column {sorted(missing)[0]!r}; not a conformer file")
        table = parquet.read(path, _COLUMNS)
        for smiles, coords in zip(*(table[name].to_pylist() for name in _COLUMNS), strict=True):
            known = found.get(smiles, ())
            if coords is not None and coords not in known:
                found[smiles] = (*known, coords)
    return found


def conformers_of(table: pa.Table) -> Conformers:
    """Conformers of the rows of a prepared set, of those that have any."""
    rows = zip(*(table[name].to_pylist() for name in _OF_SET), strict=True)
    return {
        smiles: tuple(coords[6 * n * i : 6 * n * (i + 1)] for i in range(conformers))
        for smiles, conformers, n, coords in rows
        if conformers
    }


def coordinates(packed: Sequence[bytes], n_atoms: int) -> NDArray[np.int16] | None:
    """Unpack the conformers whose length fits, ``[k, n_atoms, 3]``; None where there is none."""
    fitting = [one for one in packed if len(one) == 6 * n_atoms]
    if not fitting:
        return None
    return np.frombuffer(b"".join(fitting), "<i2").reshape(len(fitting), n_atoms, 3)
