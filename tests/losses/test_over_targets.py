"""Labels over targets, beside plain loops."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from molsearch.errors import UsageError
from molsearch.losses.over_targets import label_loss, sharpened

N, T, D = 6, 5, 7


def _inputs(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    z = F.normalize(torch.randn(N, D, generator=random, dtype=torch.float64), dim=1)
    p = F.normalize(torch.randn(T, D, generator=random, dtype=torch.float64), dim=1)
    return z, p, torch.rand(N, T, generator=random, dtype=torch.float64)


@pytest.mark.parametrize("seed", [0, 1])
def test_equals_the_naive_loops(seed: int) -> None:
    z, p, labels = _inputs(seed)
    total = 0.0
    for i in range(N):
        e = [math.exp(float(z[i] @ p[t]) / 0.3) for t in range(T)]
        total -= sum(float(labels[i, t]) * math.log(e[t] / sum(e)) for t in range(T))
    found = label_loss(z, p, labels, temperature=0.3)
    assert found.item() == pytest.approx(total / float(labels.sum()), rel=1e-10)


def test_gradients_and_none_into_the_labels() -> None:
    z, p, labels = _inputs()
    inputs = (z.requires_grad_(), p.requires_grad_())
    assert torch.autograd.gradcheck(lambda a, b: label_loss(a, b, labels, temperature=0.3), inputs)
    labels.requires_grad_()
    label_loss(z, p, labels).backward()
    assert labels.grad is None


def test_what_goes_nowhere_says_nothing() -> None:
    z, p, labels = _inputs()
    labels[0] = 0.0
    z.requires_grad_()
    loss = label_loss(z, p, labels)
    loss.backward()
    assert z.grad[0].abs().sum() == 0
    assert loss.item() == pytest.approx(label_loss(z[1:], p, labels[1:]).item())
    nothing = label_loss(z, p, torch.zeros_like(labels))
    nothing.backward()
    assert nothing.item() == 0.0
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("power", [0.25, 0.5, 1.0])
def test_sharpening_keeps_what_was_moved_and_the_order(power: float) -> None:
    plan = 1e-12 * _inputs()[2].float()
    plan[0] *= 1e12
    found = sharpened(plan, power)
    assert torch.allclose(found.sum(1), plan.sum(1), rtol=1e-5)
    assert torch.equal(found.argsort(1), plan.argsort(1))
    expected = plan[0].double() ** (1 / power)
    assert torch.allclose(found[0].double() / found[0].sum(), expected / expected.sum(), atol=1e-6)
    assert torch.equal(sharpened(torch.zeros(2, 3), power), torch.zeros(2, 3))


def test_wrong_arguments_are_named() -> None:
    z, p, labels = _inputs()
    with pytest.raises(UsageError, match="labels must be"):
        label_loss(z, p, labels[:, :2])
    with pytest.raises(UsageError, match="power must lie"):
        sharpened(labels, 0.0)
