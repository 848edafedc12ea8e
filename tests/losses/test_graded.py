"""Ligands in the order of their activities, beside plain loops."""

from __future__ import annotations

import math

import pytest
import torch

from molsearch.errors import UsageError
from molsearch.losses.activity_weights import promiscuity_weights
from molsearch.losses.graded import listwise_loss

G, L = 5, 6


def _inputs(seed=0):
    random = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(G, L, generator=random, dtype=torch.float64)
    activities = 5 + 4 * torch.rand(G, L, generator=random)
    there = torch.rand(G, L, generator=random) < 0.8
    return logits, activities.round(decimals=1), there


def _naive(logits, activities, there, gap):
    lists = []
    for s, a, here in zip(logits.tolist(), activities.tolist(), there.tolist(), strict=True):
        terms, weights = 0.0, 0.0
        members = [k for k in range(L) if here[k]]
        for k in members:
            weaker = [j for j in members if a[j] <= a[k] - gap + 1e-4]
            if weaker:
                rank = sum(a[j] > a[k] for j in members)
                weight = 1 / math.log2(rank + 2)
                own = math.exp(s[k])
                share = own / (own + sum(math.exp(s[j]) for j in weaker))
                terms, weights = terms - weight * math.log(share), weights + weight
        if weights:
            lists.append(terms / weights)
    return sum(lists) / len(lists)


@pytest.mark.parametrize("gap", [0.5, 2.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equals_the_naive_loops(seed, gap):
    logits, activities, there = _inputs(seed)
    found = listwise_loss(logits, activities, there, gap=gap)
    assert found.item() == pytest.approx(_naive(logits, activities, there, gap), rel=1e-6)


def test_gradients():
    logits, activities, there = _inputs()
    assert torch.autograd.gradcheck(
        lambda s: listwise_loss(s, activities, there), (logits.requires_grad_(),)
    )


def test_ligands_within_the_gap_are_never_held_against_each_other():
    logits = torch.zeros(1, 3, requires_grad=True)
    activities, there = torch.tensor([[7.0, 6.6, 7.4]]), torch.ones(1, 3, dtype=torch.bool)
    loss = listwise_loss(logits, activities, there, gap=0.5)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))  # 7.4 against 6.6 alone
    assert logits.grad[0, 0] == 0
    assert logits.grad[0, 1] > 0 > logits.grad[0, 2]
    nothing = listwise_loss(logits, activities, there, gap=1.0)
    nothing.backward()
    assert nothing.item() == 0.0
    assert torch.isfinite(logits.grad).all()


def test_padding_says_nothing():
    logits, activities, there = _inputs()
    there[:, -1] = False
    found = listwise_loss(logits, activities, there)
    logits[:, -1], activities[:, -1] = 40.0, 3.0
    assert listwise_loss(logits, activities, there).item() == found.item()


@pytest.mark.parametrize(
    "change", [{"activities": torch.zeros(G, 2)}, {"there": torch.ones(G, L)}, {"gap": 0.0}]
)
def test_wrong_arguments_are_refused(change):
    logits, activities, there = _inputs()
    given = {"logits": logits, "activities": activities, "there": there, **change}
    with pytest.raises(UsageError, match=r"listwise_loss needs|gap positive"):
        listwise_loss(**given)


def test_promiscuous_ligands_count_less():
    found = promiscuity_weights(torch.tensor([0, 1, 8]), 1 / 3)
    assert found.tolist() == pytest.approx([1.0, 1.0, 0.5])
