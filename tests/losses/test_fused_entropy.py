"""Cross-entropy with its gradients beside single operations, which autograd goes back through."""

from __future__ import annotations

import torch

from molsearch.losses.fused_entropy import entropy_sum

N, M, D, TAU = 11, 6, 4, 0.15


def _inputs():
    random = torch.Generator().manual_seed(3)
    z = torch.randn(N, D, generator=random, dtype=torch.float64, requires_grad=True)
    p = torch.randn(M, D, generator=random, dtype=torch.float64, requires_grad=True)
    own = torch.randint(M, (N,), generator=random)
    left_out = torch.rand(N, M, generator=random) < 0.5
    left_out[0] = True
    left_out[1] = False
    weights = torch.rand(N, generator=random, dtype=torch.float64)
    weights[2] = 0.0
    return z, p, own, left_out, weights


def _naive(z, p, own, left_out, weights):
    logits = z @ p.T / TAU
    mine = torch.nn.functional.one_hot(own, M).bool()
    counted = logits.masked_fill(left_out & ~mine, -torch.inf)
    return (weights * (counted.logsumexp(1) - logits[mine])).sum()


def test_value_and_gradients_are_those_of_single_operations():
    z, p, own, left_out, weights = _inputs()
    found = 3.0 * entropy_sum(z, p, own, left_out, weights, TAU)
    expected = 3.0 * _naive(z, p, own, left_out, weights)
    torch.testing.assert_close(found, expected)
    for mine, theirs in zip(
        torch.autograd.grad(found, (z, p)), torch.autograd.grad(expected, (z, p)), strict=True
    ):
        torch.testing.assert_close(mine, theirs)


def test_one_side_may_be_fixed_and_neither_need_learn():
    z, p, own, left_out, weights = _inputs()
    whole = entropy_sum(z, p, own, left_out, weights, TAU)
    fixed = entropy_sum(z, p.detach(), own, left_out, weights, TAU)
    torch.testing.assert_close(torch.autograd.grad(fixed, z)[0], torch.autograd.grad(whole, z)[0])
    with torch.no_grad():
        assert entropy_sum(z, p, own, left_out, weights, TAU).item() == whole.item()
    apart = entropy_sum(z.detach(), p.detach(), own, left_out, weights, TAU)
    assert not apart.requires_grad
    assert apart.item() == whole.item()


def test_what_is_given_is_left_as_it_is():
    given = _inputs()
    kept = [one.detach().clone() for one in given]
    entropy_sum(*given, TAU).backward()
    assert all(torch.equal(one.detach(), was) for one, was in zip(given, kept, strict=True))
