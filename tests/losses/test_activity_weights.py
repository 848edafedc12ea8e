"""Pairs weighted by activity, beside plain loops."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from molsearch.losses.activity_weights import activity_weights
from molsearch.losses.info_nce import info_nce

PCHEMBL = torch.tensor([[6.0, 7.5, 9.0, 0.0], [6.2, 8.5, 13.0, 8.0]], dtype=torch.float64)


def _naive_weight(a: float, b: float, slope: float) -> float:
    a, b = (6.0 if p == 0 else min(p, 10.0) for p in (a, b))
    return (10 ** (a - 6) * 10 ** (b - 6)) ** (slope / 2 / math.log(10))


def _naive_loss(z1, z2, slope: float, temperature: float) -> float:
    total = scale = 0.0
    for i in range(4):
        weight = _naive_weight(float(PCHEMBL[0, i]), float(PCHEMBL[1, i]), slope)
        for a, b in ((z1, z2), (z2, z1)):
            e = [math.exp(float(a[i] @ b[j]) / temperature) for j in range(4)]
            total += weight * -math.log(e[i] / sum(e)) / 2
        scale += weight
    return total / scale


def _views():
    generator = torch.Generator().manual_seed(0)
    return F.normalize(torch.randn(2, 4, 5, generator=generator, dtype=torch.float64), dim=2)


@pytest.mark.parametrize("slope", [0.0, 0.3, 2.0])
def test_weighted_contrast_equals_the_naive_loops(slope):
    z1, z2 = _views()
    loss = info_nce(z1, z2, temperature=0.3, weights=activity_weights(PCHEMBL, slope))
    assert loss.item() == pytest.approx(_naive_loss(z1, z2, slope, 0.3), rel=1e-10)


def test_slope_zero_is_the_unweighted_loss():
    z1, z2 = _views()
    weighted = info_nce(z1, z2, weights=activity_weights(PCHEMBL, 0.0))
    torch.testing.assert_close(weighted, info_nce(z1, z2))


def test_weights_rise_with_activity_up_to_ten():
    weights = activity_weights(torch.tensor([[5.0, 6.0, 8.0, 10.0, 12.0]]), 0.5)
    assert weights.tolist() == pytest.approx([math.exp(x) for x in (-0.5, 0, 1, 2, 2)])


def test_gradients():
    z1, z2 = _views()
    weights = activity_weights(PCHEMBL, 0.7)

    def loss(a, b):
        return info_nce(a, b, temperature=0.2, weights=weights)

    assert torch.autograd.gradcheck(loss, (z1.requires_grad_(), z2.requires_grad_()))
