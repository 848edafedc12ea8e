"""Ligands against one vector a target, beside plain loops."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from molsearch.errors import UsageError
from molsearch.losses.prototypes import prototype_loss

B, T, D = 7, 5, 6


def _inputs(seed=0):
    random = torch.Generator().manual_seed(seed)
    z = F.normalize(torch.randn(B, D, generator=random, dtype=torch.float64), dim=1)
    p = F.normalize(torch.randn(T, D, generator=random, dtype=torch.float64), dim=1)
    own = torch.randint(T, (B,), generator=random)
    known = torch.rand(B, T, generator=random) < 0.4
    return z, p, own, known


def _naive(z, p, own, known, temperature, weights):
    total = 0.0
    for i in range(B):
        e = [math.exp(float(z[i] @ p[t]) / temperature) for t in range(T)]
        others = sum(e[t] for t in range(T) if t != own[i] and not known[i, t])
        total += weights[i] * -math.log(e[own[i]] / (e[own[i]] + others))
    return total / sum(weights)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equals_the_naive_loops(seed, weighted):
    z, p, own, known = _inputs(seed)
    weights = torch.rand(B, dtype=torch.float64) + 0.1 if weighted else None
    loss = prototype_loss(z, p, own, known, temperature=0.3, weights=weights)
    expected = _naive(z, p, own, known, 0.3, weights.tolist() if weighted else [1.0] * B)
    assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_is_cross_entropy_where_each_ligand_has_one_target():
    z, p, own, _ = _inputs()
    loss = prototype_loss(z, p, own, F.one_hot(own, T).bool(), temperature=0.1)
    assert loss.item() == pytest.approx(F.cross_entropy(z @ p.T / 0.1, own).item(), abs=1e-10)


def test_gradients():
    z, p, own, known = _inputs()
    known[0] = True  # one ligand of all targets
    weights = torch.rand(B, dtype=torch.float64) + 0.1

    def loss(a, b):
        return prototype_loss(a, b, own, known, temperature=0.2, weights=weights)

    assert torch.autograd.gradcheck(loss, (z.requires_grad_(), p.requires_grad_()))


def test_known_targets_are_not_pushed_away():
    z, p, own, _ = _inputs()
    known = torch.zeros(B, T, dtype=torch.bool)
    other = (own + 1) % T
    known[torch.arange(B), other] = True
    p.requires_grad_()
    gradient = torch.autograd.grad(prototype_loss(z[:1], p, own[:1], known[:1]), p)[0]
    assert torch.equal(gradient[other[0]], torch.zeros(D, dtype=torch.float64))
    assert (gradient.abs().sum(1) > 0).sum() == T - 1


def test_a_ligand_of_all_targets_gives_zero_with_zero_gradient():
    z, p, own, _ = (x.float() if x.is_floating_point() else x for x in _inputs())
    z.requires_grad_()
    loss = prototype_loss(z, p, own, torch.ones(B, T, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(z.grad, torch.zeros_like(z))


def test_autocast_does_not_lower_the_precision():
    z, p, own, known = (x.float() if x.is_floating_point() else x for x in _inputs())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = prototype_loss(z, p, own, known)
    torch.testing.assert_close(cast, prototype_loss(z, p, own, known))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"positives": torch.zeros(B)}, "positives"),
        ({"acts_on": torch.ones(B, T)}, "acts_on"),
        ({"acts_on": torch.ones(B, B, dtype=torch.bool)}, "acts_on"),
        ({"weights": torch.ones(3)}, "weights"),
        ({"temperature": 0.0}, "temperature"),
        ({"prototypes": torch.ones(0, D)}, "prototypes"),
    ],
)
def test_wrong_arguments_are_named(change, named):
    z, p, own, known = _inputs()
    given = {"embeddings": z, "prototypes": p, "positives": own, "acts_on": known, **change}
    with pytest.raises(UsageError, match=named):
        prototype_loss(**given)
