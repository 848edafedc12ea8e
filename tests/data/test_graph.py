"""Batches cut from a store against torch-geometric's own batching."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from molsearch.chem.counters import Buckets
from molsearch.chem.features import features
from molsearch.data.graph import MolGraph, collate
from molsearch.data.store import GraphStore, build_store, concatenate, spans, take

SMILES = ["CCO", "c1ccccc1C(=O)N", "C", "C/C=C/[C@H](F)Cl"]


def _store() -> GraphStore:
    parts = [features(s, Buckets(101, 53, 67)) for s in SMILES]
    random = np.random.default_rng(0)
    coords = [random.integers(-3000, 3000, (len(p.atoms), 3)).astype(np.int16) for p in parts]
    return build_store(parts, [*coords[:3], None])


def test_batch_equals_that_of_torch_geometric() -> None:
    store, chosen = _store(), np.array([2, 0, 3, 1])
    ours = collate(store, chosen)
    singles = [collate(store, np.array([g])) for g in chosen]
    theirs = Batch.from_data_list([_plain(s) for s in singles])
    names = (
        "bag",
        "bag_counts",
        "environments",
        "atoms",
        "pos",
        "bond_index",
        "bond_code",
        "has_geometry",
        "batch",
    )
    for name in (*names, "ptr"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name)), name
    assert ours.num_nodes == theirs.num_nodes
    assert ours.n_graphs == 4


def _plain(graph: MolGraph) -> MolGraph:
    del graph.batch, graph.ptr, graph.bag_ptr
    return graph


def test_bags_stay_with_their_molecules() -> None:
    store, chosen = _store(), np.array([2, 0, 3, 1])
    ours = collate(store, chosen)
    for place, g in enumerate(chosen):
        own = features(SMILES[g], Buckets(101, 53, 67))
        part = slice(ours.bag_ptr[place], ours.bag_ptr[place + 1])
        assert ours.bag[part].tolist() == own.bag.tolist()
        assert ours.bag_counts[part].tolist() == own.counts.tolist()
        alone = take(store, chosen[place : place + 1])
        assert alone.bag.tolist() == own.bag.tolist()


def test_store_survives_the_disk(tmp_path) -> None:
    store = _store()
    store.save(tmp_path)
    loaded = GraphStore.load(tmp_path)
    for name in GraphStore.__slots__:
        assert np.array_equal(getattr(store, name), getattr(loaded, name)), name


def test_joined_stores_keep_every_molecule() -> None:
    store = _store()
    joined = concatenate([store, store])
    rows = np.array([1, 5])
    batch = collate(joined, rows)
    half = batch.num_nodes // 2
    assert len(joined) == 8
    assert torch.equal(batch.pos[:half], batch.pos[half:])
    assert torch.equal(batch.atoms[:half], batch.atoms[half:])
    half = len(batch.bag) // 2
    assert torch.equal(batch.bag[:half], batch.bag[half:])
    assert batch.bag_ptr.tolist() == [0, half, 2 * half]


def test_conformer_of_another_molecule_is_refused() -> None:
    with pytest.raises(ValueError, match="3 atoms"):
        build_store([features("CCO", Buckets(101))], [np.zeros((4, 3), np.int16)])


def test_spans_of_no_segments() -> None:
    assert spans(np.array([0, 2]), np.array([], np.int64)).tolist() == []
