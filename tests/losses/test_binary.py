"""Actives against measured inactives, beside plain loops."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from molsearch.errors import UsageError
from molsearch.losses.binary import binary_loss, class_margins, partly_detached

N, T, D = 14, 5, 6


def _inputs(seed=0):
    random = torch.Generator().manual_seed(seed)
    z = F.normalize(torch.randn(N, D, generator=random, dtype=torch.float64), dim=1)
    p = F.normalize(torch.randn(T, D, generator=random, dtype=torch.float64), dim=1)
    bias = torch.randn(T, generator=random, dtype=torch.float64)
    targets = torch.randint(T - 1, (N,), generator=random)
    return z, p, bias, targets, torch.rand(N, generator=random) < 0.5


def _naive(z, p, bias, targets, is_active, temperature, margins):
    means = []
    for t in range(T):
        classes = {True: [], False: []}
        for i in range(N):
            if targets[i] != t:
                continue
            label = bool(is_active[i])
            sign = 1 if label else -1
            cosine = float(z[i] @ p[t]) - sign * float(margins[int(label), t])
            logit = cosine / temperature + float(bias[t])
            classes[label].append(math.log(1 + math.exp(-sign * logit)))
        if classes[True] and classes[False]:
            means.append(sum(sum(c) / len(c) for c in classes.values()) / 2)
    return sum(means) / len(means)


@pytest.mark.parametrize("margin", [0.0, 0.3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equals_the_naive_loops(seed, margin):
    z, p, bias, targets, is_active = _inputs(seed)
    margins = class_margins(torch.arange(T) * 50, torch.arange(T) + 1, margin).double()
    found = binary_loss(z, p, bias, targets, is_active, temperature=0.3, margins=margins)
    expected = _naive(z, p, bias, targets, is_active, 0.3, margins)
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_gradients():
    z, p, bias, targets, is_active = _inputs()

    def loss(a, b, c):
        return binary_loss(a, b, c, targets, is_active, temperature=0.3)

    inputs = (z.requires_grad_(), p.requires_grad_(), bias.requires_grad_())
    assert torch.autograd.gradcheck(loss, inputs)


def test_a_molecule_is_held_against_its_own_target_alone():
    z, p, bias, targets, is_active = _inputs()
    targets, is_active = torch.zeros_like(targets), torch.arange(N) < 3
    p.requires_grad_()
    loss = binary_loss(z, p, bias, targets, is_active)
    gradient = torch.autograd.grad(loss, p)[0]
    assert gradient[0].abs().sum() > 0
    assert gradient[1:].abs().sum() == 0


def test_a_target_with_one_class_counts_for_nothing():
    z, p, bias, targets, _ = _inputs()
    z.requires_grad_()
    loss = binary_loss(z, p, bias, targets, torch.zeros(N, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0.0
    assert z.grad.abs().sum() == 0
    empty = binary_loss(z[:0], p, bias, targets[:0], torch.zeros(0, dtype=torch.bool))
    assert empty.item() == 0.0


def test_half_of_a_loss_is_the_actives_however_many_inactives_there_are():
    z, p, bias, _, _ = _inputs()
    targets = torch.zeros(N, dtype=torch.int64)
    is_active = torch.arange(N) < 1
    once = binary_loss(z[:2], p, bias, targets[:2], is_active[:2])
    again = torch.cat([z[:1], z[1:2].expand(6, D)])
    more = binary_loss(again, p, bias, targets[:7], is_active[:7])
    assert more.item() == pytest.approx(once.item(), rel=1e-12)


def test_margins_are_wider_for_fewer():
    margins = class_margins(torch.tensor([1, 16, 0]), torch.tensor([10_000, 1, 81]), 0.3)
    expected = [[0.3, 0.15, 0.3], [0.03, 0.3, 0.1]]
    assert torch.allclose(margins, torch.tensor(expected), atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_of_the_gradient_passes_and_the_value_stays(share):
    x = torch.randn(4, 3, requires_grad=True)
    found = partly_detached(x, share)
    assert torch.equal(found, x)
    (found * 2).sum().backward()
    assert torch.allclose(x.grad, torch.full_like(x, 2 * share))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"bias": torch.zeros(3)}, "bias"),
        ({"targets": torch.zeros(N)}, "targets"),
        ({"is_active": torch.zeros(N)}, "is_active"),
        ({"margins": torch.zeros(T, 2)}, "margins"),
    ],
)
def test_wrong_arguments_are_named(change, named):
    z, p, bias, targets, is_active = _inputs()
    given = {"embeddings": z, "vectors": p, "bias": bias, "targets": targets}
    with pytest.raises(UsageError, match=named):
        binary_loss(**{**given, "is_active": is_active, **change})
