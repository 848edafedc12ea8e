"""The pair readout against a loop over pairs."""

from __future__ import annotations

import math

import torch

from molsearch.nn import geometry
from molsearch.nn.readout import AtomReadout, PairReadout


def test_pair_readout_equals_a_loop_over_pairs() -> None:
    torch.manual_seed(0)
    readout = PairReadout(5, 3, [1.0, 2.0, 3.0, 4.0])
    atoms, pos = torch.randn(2, 6, 5), 2 * torch.randn(2, 6, 3)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    with torch.no_grad():
        found = readout(atoms, geometry.distances(pos, mask), mask).view(2, 4, 3)
        first = torch.sigmoid(readout.first(atoms))
        second = torch.sigmoid(readout.second(atoms))
    for g, size in enumerate((6, 4)):
        for r, centre in enumerate((1.0, 2.0, 3.0, 4.0)):
            for c in range(3):
                total = 0.0
                for i in range(size):
                    for j in range(size):
                        if i != j:
                            d = float((pos[g, i] - pos[g, j]).norm())
                            near = math.exp(-(((d - centre) / readout.spread) ** 2))
                            total += float(first[g, i, c]) * near * float(second[g, j, c])
                assert math.isclose(float(found[g, r, c]), math.log1p(total), rel_tol=1e-4)


def test_atom_readout_ignores_padding() -> None:
    torch.manual_seed(0)
    readout = AtomReadout(4)
    atoms = torch.randn(1, 5, 4)
    mask = torch.tensor([[True, True, True, False, False]])
    other = atoms.clone()
    other[0, 3:] = 100.0
    assert torch.allclose(readout(atoms, mask), readout(other, mask))
    assert torch.allclose(readout(atoms, mask)[:, :4], atoms[:, :3].mean(1))
