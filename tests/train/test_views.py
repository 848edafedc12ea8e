"""Corrupted views hide what they should and nothing else."""

from __future__ import annotations

import numpy as np
import torch
from molecules import SMILES, conformer, store_of

from molsearch.data.graph import MolGraph, collate
from molsearch.train.views import CLEAN, View, corrupted

_COORDS = [conformer(s) for s in SMILES[:6]]


def _batch() -> MolGraph:
    return collate(store_of(SMILES[:6], _COORDS), np.arange(6))


def test_clean_view_changes_nothing_and_draws_nothing() -> None:
    torch.manual_seed(0)
    before, state = _batch(), torch.get_rng_state()
    after = corrupted(_batch(), CLEAN)
    assert torch.equal(torch.get_rng_state(), state)
    for name in ("pos", "atoms", "environments"):
        assert torch.equal(getattr(before, name), getattr(after, name))


def test_noise_moves_atoms_by_its_size_and_differs_between_draws() -> None:
    torch.manual_seed(0)
    one, two = (corrupted(_batch(), View(noise=0.2)).pos for _ in range(2))
    moved = (one - _batch().pos).std()
    assert 0.15 < moved < 0.25
    assert not torch.equal(one, two)


def test_masked_atoms_are_unknown_in_every_field() -> None:
    torch.manual_seed(0)
    clean, found = _batch(), corrupted(_batch(), View(masking=0.4))
    hidden = (found.environments == 0).all(1) & (clean.environments != 0).any(1)
    assert 0.2 < hidden.float().mean() < 0.6
    assert torch.equal(found.atoms[~hidden][:, 1:], clean.atoms[~hidden][:, 1:])
    assert (found.atoms[hidden][:, 0] == 12).all()
    assert (found.atoms[hidden][:, 1:] == 0).all()
    assert torch.equal(found.pos, clean.pos)
    assert torch.equal(found.bond_index, clean.bond_index)


def test_either_side_alone() -> None:
    clean = _batch()
    flat = corrupted(_batch(), View(sees="substructures"))
    assert not flat.has_geometry.any()
    assert torch.equal(flat.bag, clean.bag)
    graph = corrupted(_batch(), View(sees="geometry"))
    assert len(graph.bag) == len(graph.bag_counts) == 0
    assert graph.bag_ptr.tolist() == [0] * 7
    assert not graph.environments.any()
    assert torch.equal(graph.pos, clean.pos)
    assert torch.equal(graph.atoms, clean.atoms)
    assert graph.has_geometry.all()
