"""Conformers exchanged among molecules, against a loop over molecules."""

from __future__ import annotations

import numpy as np
import pytest
from families import labelled
from molecules import SMILES, conformer, store_of

from molsearch.data.shuffled import shuffled_conformers
from molsearch.data.store import GraphStore, spans


def _coords(store: GraphStore, row: int) -> bytes:
    return bytes(store.coords[spans(store.atom_start, np.array([row]))].tobytes())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_conformer_goes_to_another_molecule_of_its_size(seed: int) -> None:
    store = labelled()
    found = shuffled_conformers(store, seed)
    sizes = store.n_atoms
    for size in np.unique(sizes):
        rows = np.flatnonzero((sizes == size) & store.has_geometry)
        before = [_coords(store, row) for row in rows]
        after = [_coords(found, row) for row in rows]
        if len(rows) == 1:
            assert not found.has_geometry[rows[0]]
            assert not any(after[0])
            continue
        assert sorted(before) == sorted(after)
        assert all(one != other for one, other in zip(before, after, strict=True))
        assert found.has_geometry[rows].all()
    assert not found.has_geometry[~store.has_geometry].any()
    assert np.array_equal(found.atoms, store.atoms)


def test_the_seed_decides_and_the_original_is_left_alone() -> None:
    smiles = [*SMILES[4:6], "OC(=O)Cc1ccc(C)cc1", "OC(=O)CCc1ccccc1", "CC(=O)Nc1ccccc1C"]
    store = store_of(smiles, [conformer(s) for s in smiles])
    kept = store.coords.copy()
    one, same = (shuffled_conformers(store, 3).coords for _ in range(2))
    others = [shuffled_conformers(store, seed).coords for seed in range(4, 12)]
    assert np.array_equal(one, same)
    assert any(not np.array_equal(one, other) for other in others)
    assert np.array_equal(store.coords, kept)


def test_nothing_to_exchange() -> None:
    store = store_of(["CCO"], [None])
    assert not shuffled_conformers(store, 0).has_geometry.any()
