"""From rows of a prepared set to a graph store."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.features import Buckets, features
from molsearch.data.store import GraphStore, build_store


def graphs_of_table(
    table: pa.Table, buckets: Buckets, *, geometry: bool = True
) -> tuple[GraphStore, NDArray[np.int64]]:
    """Featurise prepared molecules, one graph a conformer.

    Parameters
    ----------
    table
        Rows of a prepared set: `PARENT_SMILES`, `N_CONFORMERS`, `N_ATOMS`, `COORDS`.
    buckets
        Hash spaces of the encoder's substructures.
    geometry
        Whether the encoder looks at conformers; without, each molecule is one bag.

    Returns
    -------
    store, owner
        The graphs, and int64 ``[G]``: the row of `table` each belongs to. A molecule without
        a conformer is one graph without geometry.
    """
    parts, conformers, owner = [], [], []
    columns = (schema.PARENT_SMILES, schema.N_CONFORMERS, schema.N_ATOMS, schema.COORDS)
    rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    for row, (smiles, n_conformers, n_atoms, coords) in enumerate(rows):
        geometries = _geometries(coords, n_conformers, n_atoms) if geometry else []
        # Atoms and bonds are seen together with a conformer or not at all.
        part = features(smiles, buckets, graph=len(geometries) > 0)
        for conformer in geometries or [None]:
            parts.append(part)
            conformers.append(conformer)
            owner.append(row)
    return build_store(parts, conformers), np.array(owner, np.int64)


def _geometries(
    coords: bytes | None, n_conformers: int, n_atoms: int
) -> list[NDArray[np.int16] | None]:
    if not n_conformers or not coords:
        return []
    return list(np.frombuffer(coords, "<i2").reshape(n_conformers, n_atoms, 3))
