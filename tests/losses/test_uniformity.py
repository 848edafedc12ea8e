from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from molsearch.errors import UsageError
from molsearch.losses.uniformity import uniformity


def _rows(n=7, d=4, dtype=torch.float64):
    generator = torch.Generator().manual_seed(n)
    return F.normalize(torch.randn(n, d, generator=generator, dtype=torch.float64), dim=1).to(dtype)


def _naive(g, min_distance):
    n, total = len(g), 0.0
    for i in range(n):
        distance = min(math.dist(g[i].tolist(), g[j].tolist()) for j in range(n) if j != i)
        total -= math.log(n * max(distance, min_distance))
    return total / n


@pytest.mark.parametrize("n", [2, 3, 20])
@pytest.mark.parametrize("min_distance", [1e-3, 0.5])
def test_equals_the_naive_loops(n, min_distance):
    g = _rows(n)
    loss = uniformity(g, min_distance=min_distance)
    assert loss.item() == pytest.approx(_naive(g, min_distance), abs=1e-12)


def test_gradients():
    assert torch.autograd.gradcheck(uniformity, (_rows().requires_grad_(),))


def test_duplicates_have_finite_gradients_and_near_ones_bounded():
    g = _rows(dtype=torch.float32)
    g[1] = g[0]
    g[3] = F.normalize(g[2] + 0.02 * g[4], dim=0)
    g.requires_grad_()
    loss = uniformity(g, min_distance=0.01)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(g.grad).all()
    assert g.grad.norm(dim=1).max() <= 2 / (len(g) * 0.01) + 1
    alone = uniformity(torch.ones(4, 3, requires_grad=True) / 3**0.5, min_distance=0.1)
    assert alone.item() == pytest.approx(-math.log(0.4))


def test_spreading_lowers_it_and_a_step_spreads():
    g = F.normalize(torch.ones(8, 4, dtype=torch.float64) + 0.1 * _rows(8), dim=1)
    assert uniformity(_rows(8)) < uniformity(g)
    g.requires_grad_()
    loss = uniformity(g)
    loss.backward()
    moved = F.normalize(g.detach() - 1e-3 * g.grad, dim=1)
    assert uniformity(moved) < loss


def test_order_and_rotation_do_not_matter():
    g = _rows(9)
    rotation = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64))[0]
    torch.testing.assert_close(uniformity(g.flip(0)), uniformity(g))
    torch.testing.assert_close(uniformity(g @ rotation), uniformity(g))


def test_a_lone_row_has_no_neighbour():
    g = _rows(1).requires_grad_()
    loss = uniformity(g)
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(g.grad, torch.zeros_like(g))


def test_wrong_arguments_are_refused():
    with pytest.raises(UsageError, match="min_distance"):
        uniformity(_rows(), min_distance=0.0)
    with pytest.raises(UsageError, match="embeddings"):
        uniformity(torch.ones(3))
