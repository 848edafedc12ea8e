"""The plan without a diagonal against POT, and what it does with a molecule that all are like."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import torch

from molsearch.errors import UsageError
from molsearch.losses.neighbour_plan import neighbour_plan


def _similarity(n: int, seed: int = 0) -> torch.Tensor:
    rows = torch.nn.functional.normalize(
        torch.randn(n, 8, generator=torch.Generator().manual_seed(seed)), dim=1
    )
    return rows @ rows.T


@pytest.mark.parametrize(("n", "epsilon"), [(2, 0.05), (7, 0.05), (40, 0.05), (40, 0.5)])
def test_plan_is_pots_with_the_diagonal_forbidden(n: int, epsilon: float) -> None:
    similarity = _similarity(n)
    found = neighbour_plan(similarity, epsilon)
    cost = -similarity.double().numpy()
    np.fill_diagonal(cost, 60 * epsilon + 1)  # e^-60: nothing goes there
    ones = np.ones(n)
    theirs = ot.sinkhorn(
        ones, ones, cost, epsilon, method="sinkhorn_log", numItermax=20_000, stopThr=1e-10
    )
    assert bool(found.converged)
    assert np.allclose(found.plan.numpy(), theirs, atol=2e-5)


def test_marginals_hold_and_nothing_stays_at_home() -> None:
    plan = neighbour_plan(_similarity(60, seed=3), 0.05).plan
    assert torch.allclose(plan.sum(0), torch.ones(60), atol=1e-4)
    assert torch.allclose(plan.sum(1), torch.ones(60), atol=1e-4)
    assert plan.diagonal().abs().max() == 0


def test_a_molecule_that_all_are_like_shares_itself() -> None:
    """A row-wise softmax would give the hub to everyone whole."""
    similarity = torch.full((6, 6), 0.1)
    similarity[0, :] = similarity[:, 0] = 0.9
    softmax = (similarity / 0.05).fill_diagonal_(-torch.inf).softmax(1)
    plan = neighbour_plan(similarity, 0.05).plan
    assert softmax[1:, 0].min() > 0.99
    assert plan[1:, 0].max() < 0.21


def test_the_diagonal_is_not_looked_at() -> None:
    similarity = _similarity(9)
    other = similarity.clone().fill_diagonal_(1e6)
    assert torch.equal(neighbour_plan(similarity, 0.1).plan, neighbour_plan(other, 0.1).plan)


def test_no_gradient_flows_into_the_teachers() -> None:
    similarity = _similarity(5).requires_grad_()
    assert not neighbour_plan(similarity, 0.1).plan.requires_grad


def test_batches_on_which_updates_alone_do_not_end_converge() -> None:
    """Tight families, a family of odd size beside one of two, and a molecule like no other."""
    random = torch.Generator().manual_seed(2)
    centres = torch.nn.functional.normalize(torch.randn(12, 64, generator=random), dim=1)
    sizes = torch.tensor([1, 2, 3, 5, 8, 13, 21, 34, 1, 7, 9, 30])
    rows = centres.repeat_interleave(sizes, 0)
    noise = torch.randn(rows.shape, generator=random) / 64
    rows = torch.nn.functional.normalize(rows + noise, dim=1)
    for epsilon in (0.05, 0.02):
        found = neighbour_plan(rows @ rows.T, epsilon)
        assert bool(found.converged)
        assert torch.allclose(found.plan.sum(1), torch.ones(len(rows)), atol=2e-5)
        assert torch.allclose(found.plan, found.plan.T, atol=1e-6)


def test_what_did_not_converge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molsearch.losses.neighbour_plan._MAX_ITERATIONS", 0)
    found = neighbour_plan(_similarity(40), 0.02)
    assert not bool(found.converged)
    assert float(found.marginal_error) == pytest.approx(
        float(found.plan.sum(1).sub(1).abs().max()), rel=1e-3
    )


@pytest.mark.parametrize(
    ("similarity", "epsilon", "word"),
    [
        (torch.zeros(3, 2), 0.1, "n, n"),
        (torch.zeros(1, 1), 0.1, "n > 1"),
        (torch.full((3, 3), torch.nan), 0.1, "NaN"),
        (torch.zeros(3, 3), 0.0, "epsilon"),
    ],
)
def test_bad_input_is_refused(similarity: torch.Tensor, epsilon: float, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        neighbour_plan(similarity, epsilon)
