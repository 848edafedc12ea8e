"""Prepared conformers of training molecules, kept as parquet files of fixed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import InputError
from molsearch.io import parquet

_COLUMNS = ["smiles", "coords"]


def load_conformers(folder: Path) -> dict[str, bytes]:
    """Read all conformers of a folder, by the SMILES whose atom order they follow.

    Files hold ``smiles`` and ``coords``: int16 ``[n_atoms, 3]``, thousandths of an Å.

    Raises
    ------
    InputError
        If a file lacks these columns.
    """
    found: dict[str, bytes] = {}
    for path in sorted(folder.glob("*.parquet")):
        missing = set(_COLUMNS) - set(parquet.names(path))
        if missing:
            raise InputError(f"{path}: no column {sorted(missing)[0]!r}; not a conformer file")
        table = parquet.read(path, _COLUMNS)
        found.update(zip(table["smiles"].to_pylist(), table["coords"].to_pylist(), strict=True))
    return found


def coordinates(packed: bytes | None, n_atoms: int) -> NDArray[np.int16] | None:
    """Unpack one conformer; None where there is none or its length does not fit."""
    if packed is None or len(packed) != 6 * n_atoms:
        return None
    return np.frombuffer(packed, "<i2").reshape(n_atoms, 3)
