"""InfoNCE with extra negatives against its definition."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from molsearch.errors import UsageError
from molsearch.losses.extra_negatives import info_nce_with_negatives
from molsearch.losses.info_nce import info_nce


def _inputs(n=5, k=7, d=6):
    generator = torch.Generator().manual_seed(3)
    z = F.normalize(torch.randn(2 * n + k, d, generator=generator, dtype=torch.float64), dim=1)
    shares = torch.rand(n, n, generator=generator) < 0.3
    allowed = torch.rand(n, k, generator=generator) < 0.6
    return z[:n], z[n : 2 * n], z[2 * n :], shares, allowed


def _naive(z1, z2, negatives, shares, allowed, tau):
    n, total = len(z1), 0.0
    for one, two, shared in ((z1, z2, shares), (z2, z1, shares.T)):
        for i in range(n):
            own = math.exp(float(one[i] @ two[i]) / tau)
            rest = sum(
                math.exp(float(one[i] @ two[j]) / tau)
                for j in range(n)
                if j != i and not shared[i, j]
            )
            rest += sum(
                math.exp(float(one[i] @ negatives[k]) / tau)
                for k in range(len(negatives))
                if allowed[i, k]
            )
            total -= math.log(own / (own + rest))
    return total / (2 * n)


def test_equals_the_definition():
    z1, z2, extra, shares, allowed = _inputs()
    for tau in (0.07, 1.0):
        found = info_nce_with_negatives(
            z1, z2, extra, shares_target=shares, is_negative=allowed, temperature=tau
        )
        assert found.item() == pytest.approx(_naive(z1, z2, extra, shares, allowed, tau), rel=1e-9)


def test_without_extra_negatives_it_is_info_nce():
    z1, z2, extra, shares, allowed = _inputs()
    found = info_nce_with_negatives(
        z1, z2, extra[:0], shares_target=shares, is_negative=allowed[:, :0]
    )
    assert found.item() == pytest.approx(info_nce(z1, z2, shares_target=shares).item())


def test_row_without_any_negative_costs_nothing_and_has_no_gradient():
    z1, z2, extra, shares, allowed = _inputs()
    z1.requires_grad_()
    loss = info_nce_with_negatives(
        z1,
        z2,
        extra,
        shares_target=torch.ones_like(shares),
        is_negative=torch.zeros_like(allowed),
    )
    loss.backward()
    assert loss.item() == 0.0
    assert z1.grad is not None
    assert z1.grad.abs().max() == 0.0


def test_gradient():
    z1, z2, extra, shares, allowed = _inputs(3, 4, 4)
    inputs = [x.clone().requires_grad_() for x in (z1, z2, extra)]
    assert torch.autograd.gradcheck(
        lambda a, b, c: info_nce_with_negatives(
            a, b, c, shares_target=shares, is_negative=allowed, temperature=0.5
        ),
        inputs,
    )


def test_shapes_that_do_not_fit_are_refused():
    z1, z2, extra, shares, allowed = _inputs()
    with pytest.raises(UsageError, match="is_negative"):
        info_nce_with_negatives(z1, z2, extra, shares_target=shares, is_negative=allowed[:, :2])
