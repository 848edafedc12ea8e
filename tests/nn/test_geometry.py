"""Neighbours and invariants against loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.transform import Rotation

from molsearch.nn import geometry


def _cloud(sizes: list[int], seed: int = 0) -> tuple[torch.Tensor, geometry.Padding, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    flat = 4 * torch.randn(sum(sizes), 3, generator=generator)
    ptr = torch.tensor([0, *np.cumsum(sizes)])
    grid = geometry.padding(ptr, torch.arange(len(sizes)), least=6)
    return flat, grid, ptr


def test_padding_lays_molecules_on_a_grid() -> None:
    flat, grid, ptr = _cloud([3, 7, 1])
    placed = grid.grid(flat)
    assert placed.shape == (3, 7, 3)
    for g in range(3):
        size = int(ptr[g + 1] - ptr[g])
        assert torch.equal(placed[g, :size], flat[ptr[g] : ptr[g + 1]])
        assert not placed[g, size:].any()


def test_neighbours_equal_a_sort_of_all_distances() -> None:
    flat, grid, _ = _cloud([3, 9, 12])
    pos = grid.grid(flat)
    near = geometry.nearest(pos, geometry.distances(pos, grid.mask), k=4)
    for g, size in enumerate((3, 9, 12)):
        for i in range(size):
            d = (pos[g, :size] - pos[g, i]).norm(dim=1)
            d[i] = torch.inf
            expected = d.argsort()[: min(4, size - 1)]
            there = len(expected)
            assert near.index[g, i, :there].tolist() == expected.tolist()
            assert torch.allclose(near.distance[g, i, :there], d[expected], atol=1e-3)
            assert not near.envelope[g, i, there:].any()
            unit = (pos[g, expected] - pos[g, i]) / d[expected, None]
            assert torch.allclose(near.unit[g, i, :there], unit, atol=1e-3)


def test_envelope_vanishes_where_neighbours_change_places() -> None:
    # Atom 0 has four others on a line; the fourth and fifth swap order as one moves.
    base = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0], [4, 0, 0], [0, 4.0, 0]])
    mask = torch.ones(1, 6, dtype=torch.bool)
    weights = []
    for shift in (-1e-4, 1e-4):
        pos = base.clone()
        pos[5, 1] += shift
        near = geometry.nearest(pos[None], geometry.distances(pos[None], mask), k=4)
        weights.append(float(near.envelope[0, 0, 3]))
    assert max(weights) < 1e-6


def test_triple_products_alone_change_sign_in_the_mirror() -> None:
    vectors = torch.randn(5, 6, 3, generator=torch.Generator().manual_seed(1))
    turn = torch.from_numpy(Rotation.random(random_state=4).as_matrix()).float()
    before, turned, mirrored = (
        geometry.pseudo_scalars(each.transpose(1, 2))
        for each in (vectors, vectors @ turn.T, vectors * torch.tensor([-1.0, 1, 1]))
    )
    assert torch.allclose(before, turned, atol=1e-5)
    assert torch.allclose(before[:, :12], mirrored[:, :12], atol=1e-5)
    assert torch.allclose(before[:, 12:], -mirrored[:, 12:], atol=1e-5)
    assert before[:, 12:].abs().min() > 1e-4


def test_pseudo_scalars_equal_products_of_numpy() -> None:
    vectors = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(2))
    found = geometry.pseudo_scalars(vectors.transpose(1, 2)).numpy()
    for atom, row in zip(vectors.double().numpy(), found, strict=True):
        lengths = np.linalg.norm(atom, axis=1)
        scaled = atom / np.sqrt((lengths**2).mean() + 1e-4)
        second, third = np.roll(scaled, -1, 0), np.roll(scaled, -2, 0)
        inner = (scaled * second).sum(1)
        triple = (scaled * np.cross(second, third)).sum(1)
        expected = [lengths, inner / (1 + abs(inner)), triple / (1 + abs(triple))]
        assert np.allclose(row, np.concatenate(expected), atol=1e-4)


@pytest.mark.parametrize("n", [1, 4, 7, 16])
def test_even_shells_are_gaussians_at_any_distance(n: int) -> None:
    centres = [1.5 + 0.9 * i for i in range(n)]
    distance = torch.cat([torch.linspace(0.5, 80.0, 3000), torch.tensor([geometry.FAR])])
    found = torch.stack([f * g for g, f in geometry.even_shells(distance, centres, 0.54)], -1)
    expected = geometry.radial(distance.double(), torch.tensor(centres).double(), 0.54)
    assert torch.allclose(found.double(), expected, atol=1e-5)


def test_path_distances_count_bonds() -> None:
    # A ring of five, a chain of four bound to it, and an atom bound to nothing.
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 5), (5, 6), (6, 7), (7, 8)]
    bonded = torch.zeros(2, 12, 12, dtype=torch.bool)
    for i, j in edges:
        bonded[0, i, j] = bonded[0, j, i] = True
    mask = torch.zeros(2, 12, dtype=torch.bool)
    mask[0, :10] = mask[1, :3] = True
    found = geometry.path_distances(bonded, mask)
    lengths = shortest_path(bonded[0, :10, :10].numpy().astype(float), unweighted=True)
    for i in range(10):
        for j in range(10):
            apart = 0 < lengths[i, j] < np.inf
            expected = 1.45 + 1.2 * (lengths[i, j] - 1) if apart else geometry.FAR
            assert abs(float(found[0, i, j]) - expected) < 1e-4
    assert bool((found[1] == geometry.FAR).all())
    assert bool((found[0, 10:] == geometry.FAR).all())
