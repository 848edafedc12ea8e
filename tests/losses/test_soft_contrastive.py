from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from molsearch.errors import UsageError
from molsearch.losses.soft_contrastive import soft_contrastive
from molsearch.losses.transport import soft_labels


def _rows(n=6, d=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(n, d, generator=generator, dtype=torch.float64), dim=1)


def _naive(g, plan, temperature, exclude):
    n, total, counted = len(g), 0.0, 0
    for i in range(n):
        columns = [j for j in range(n) if not (exclude and j == i)]
        mass = sum(float(plan[i, j]) for j in columns)
        if mass <= 1e-4:
            continue
        counted += 1
        e = {j: math.exp(float(g[i] @ g[j]) / temperature) for j in columns}
        total -= sum(float(plan[i, j]) / mass * math.log(e[j] / sum(e.values())) for j in columns)
    return total / max(counted, 1)


@pytest.mark.parametrize("exclude", [False, True])
def test_equals_the_naive_loops(exclude):
    g, plan = _rows(), soft_labels(_rows(seed=1), regularisation=2.0, dtype=torch.float64).plan
    plan = plan * 3  # labels are normalised
    plan[2] = 5 * F.one_hot(torch.tensor(2), 6)  # a row without neighbours
    loss = soft_contrastive(g, plan, temperature=0.3, exclude_diagonal=exclude)
    assert loss.item() == pytest.approx(_naive(g, plan, 0.3, exclude), abs=1e-12)


def test_is_the_cross_entropy_of_torch_with_soft_targets():
    g, plan = _rows(), soft_labels(_rows(seed=1), dtype=torch.float64).plan
    expected = F.cross_entropy(g @ g.T / 0.05, plan)
    assert soft_contrastive(g, plan).item() == pytest.approx(expected.item(), abs=1e-6)


@pytest.mark.parametrize("exclude", [False, True])
def test_gradients(exclude):
    plan = soft_labels(_rows(seed=1), regularisation=2.0, dtype=torch.float64).plan
    assert torch.autograd.gradcheck(
        lambda g: soft_contrastive(g, plan, temperature=0.2, exclude_diagonal=exclude),
        (_rows().requires_grad_(),),
    )


def test_gradients_with_a_memory_which_gets_none():
    random = torch.Generator().manual_seed(5)
    memory = F.normalize(torch.randn(9, 4, generator=random, dtype=torch.float64), dim=1)
    memory.requires_grad_()
    plan = torch.rand(6, 15, generator=random, dtype=torch.float64)
    excluded = torch.rand(6, 15, generator=random) < 0.3
    weights = torch.tensor([1.0, 0.0, 2.0, 1.0, 0.5, 1.0], dtype=torch.float64)

    def ours(g):
        return soft_contrastive(
            g, plan, temperature=0.2, memory=memory, excluded=excluded, weights=weights
        )

    def naive(g):
        labels = plan.masked_fill(excluded, 0.0)
        labels = labels / labels.sum(1, keepdim=True)
        logits = (g @ torch.cat([g, memory.detach()]).T / 0.2).masked_fill(excluded, -torch.inf)
        rows = -(labels * logits.log_softmax(1).masked_fill(excluded, 0.0)).sum(1)
        return (weights * rows).sum() / weights.sum()

    g = _rows().requires_grad_()
    assert g.shape[1] == 4
    torch.testing.assert_close(ours(g), naive(g))
    (mine,) = torch.autograd.grad(ours(g), g)
    (theirs,) = torch.autograd.grad(naive(g), g)
    torch.testing.assert_close(mine, theirs)
    ours(g).backward()
    assert memory.grad is None


def test_labels_get_no_gradient():
    plan = torch.rand(6, 6, dtype=torch.float64, requires_grad=True)
    g = _rows().requires_grad_()
    soft_contrastive(g, plan).backward()
    assert plan.grad is None
    assert g.grad.abs().max() > 0


@pytest.mark.parametrize("exclude", [False, True])
def test_follows_no_order_of_rows(exclude):
    g, plan = _rows(), soft_labels(_rows(seed=1), dtype=torch.float64).plan
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(
        soft_contrastive(g[order], plan[order][:, order], exclude_diagonal=exclude),
        soft_contrastive(g, plan, exclude_diagonal=exclude),
    )


def test_identity_labels_without_diagonal_are_no_labels():
    g = _rows().requires_grad_()
    loss = soft_contrastive(g, torch.eye(6), exclude_diagonal=True)
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(g.grad, torch.zeros_like(g))
    single = soft_contrastive(g[:1], torch.ones(1, 1), exclude_diagonal=True)
    assert single.item() == 0.0


def test_stable_at_a_tiny_temperature_in_single_precision():
    g = _rows().float().requires_grad_()
    for exclude in (False, True):
        loss = soft_contrastive(
            g, torch.full((6, 6), 1 / 6), temperature=1e-5, exclude_diagonal=exclude
        )
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(g.grad).all()


def test_wrong_shapes_are_refused():
    with pytest.raises(UsageError, match="labels"):
        soft_contrastive(_rows(), torch.eye(5))
    with pytest.raises(UsageError, match="temperature"):
        soft_contrastive(_rows(), torch.eye(6), temperature=-1.0)
