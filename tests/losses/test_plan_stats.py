from __future__ import annotations

import math

import pytest
import torch

from molsearch.losses.plan_stats import mean_entropy, plan_statistics


def test_identity_and_uniform_plans_are_the_two_ends():
    identity = plan_statistics(torch.eye(8))
    assert (identity.entropy, identity.neighbours) == (0.0, 1.0)
    assert (identity.diagonal_mass, identity.non_zeros) == (1.0, 1.0)
    uniform = plan_statistics(torch.full((8, 8), 1 / 8))
    assert uniform.entropy == pytest.approx(math.log(8))
    assert uniform.neighbours == pytest.approx(8)
    assert uniform.diagonal_mass == pytest.approx(1 / 8)
    assert uniform.non_zeros == 8


def test_equals_the_naive_loops():
    plan = torch.rand(5, 5, dtype=torch.float64)
    plan[plan < 0.4] = 0
    plan.fill_diagonal_(0.5)
    plan = plan / plan.sum(1, keepdim=True)
    entropy = -sum(p * math.log(p) for row in plan.tolist() for p in row if p > 0) / 5
    found = plan_statistics(plan)
    assert found.entropy == pytest.approx(entropy)
    assert found.neighbours == pytest.approx(math.exp(entropy))
    assert found.diagonal_mass == pytest.approx(sum(plan[i, i].item() for i in range(5)) / 5)
    assert found.non_zeros == pytest.approx((plan > 0).sum().item() / 5)


def test_several_plans_are_averaged():
    plans = torch.stack([torch.eye(4), torch.full((4, 4), 0.25)])
    assert plan_statistics(plans).diagonal_mass == pytest.approx(0.625)
    torch.testing.assert_close(mean_entropy(plans), torch.tensor([0.0, math.log(4)]).double())
