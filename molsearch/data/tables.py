"""From rows of a prepared set to a graph store."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.counters import Buckets
from molsearch.chem.features import features
from molsearch.data.prepared_table import buckets_of
from molsearch.data.store import GraphStore, bag_store, build_store


def graphs_of_table(
    table: pa.Table, buckets: Buckets, *, geometry: bool = True
) -> tuple[GraphStore, NDArray[np.int64]]:
    """Featurise prepared molecules, one graph a conformer.

    Parameters
    ----------
    table
        Rows of a prepared set: `PARENT_SMILES`, `N_CONFORMERS`, `N_ATOMS`, `COORDS`; `BAG`, where
        it was made for the same buckets and no conformer is looked at, saves the reading.
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
    if (bags := _bags(table, buckets, geometry)) is not None:
        return bags, np.arange(table.num_rows)
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


def _bags(table: pa.Table, buckets: Buckets, geometry: bool) -> GraphStore | None:
    """Take what was seen of molecules when they were prepared; None where that is not all."""
    if buckets.prepared is None or buckets_of(table) != buckets.prepared:
        return None
    column = table.column(schema.BAG).combine_chunks()
    n_conformers = table.column(schema.N_CONFORMERS).to_numpy()
    if column.null_count or (geometry and n_conformers.any()):
        return None
    return store_of_bags(column.to_pylist())


def store_of_bags(packed: Iterable[bytes]) -> GraphStore:
    """Join molecules of which the packed bags alone are seen (`features.packed_bag`)."""
    parts = [np.frombuffer(one, np.uint8) for one in packed]
    lengths = [len(part) // 3 for part in parts]
    bags = [part[: 2 * n].view("<u2") for part, n in zip(parts, lengths, strict=True)]
    counts = [part[2 * n :] for part, n in zip(parts, lengths, strict=True)]
    return bag_store(bags, counts)


def _geometries(
    coords: bytes | None, n_conformers: int, n_atoms: int
) -> list[NDArray[np.int16] | None]:
    if not n_conformers or not coords:
        return []
    return list(np.frombuffer(coords, "<i2").reshape(n_conformers, n_atoms, 3))
