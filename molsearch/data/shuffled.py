"""Conformers exchanged among molecules: what remains of 3D when the geometry is another's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from molsearch.data.store import GraphStore, spans


def shuffled_conformers(store: GraphStore, seed: int) -> GraphStore:
    """Give each molecule the coordinates of another with as many atoms.

    Molecules of one size pass theirs around a ring in random order, so that none keeps its own.
    One that is alone of its size loses its conformer. Of several
    conformers the first goes around, the others are left out.

    Parameters
    ----------
    store
        Featurised molecules.
    seed
        Of the order.

    Returns
    -------
    GraphStore
        The same molecules, their coordinates in the order of another's atoms.
    """
    rows = np.flatnonzero(store.has_geometry)
    random = np.random.default_rng(seed).permutation(len(rows))
    rows = rows[random][np.argsort(store.n_atoms[rows][random], kind="stable")]
    _, first = np.unique(store.n_atoms[rows], return_index=True)  # of each ring
    donor = np.roll(rows, -1)
    donor[np.append(first[1:], len(rows))[: len(first)] - 1] = rows[first]
    coords = np.zeros(store.coords.shape, store.coords.dtype)
    there = donor != rows
    coords[spans(store.atom_start, rows[there])] = store.coords[
        spans(store.atom_start, donor[there])
    ]
    has_geometry = np.zeros(len(store), np.bool_)
    has_geometry[rows[there]] = True
    return replace(store, coords=coords, has_geometry=has_geometry, more_start=None, more=None)
