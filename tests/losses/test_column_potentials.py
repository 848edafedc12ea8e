"""Rows of a partial plan, of molecules that were there when it was solved and of others."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import torch

from molsearch.errors import UsageError
from molsearch.losses.column_potentials import ColumnPotentials
from molsearch.losses.partial_plan import partial_plan, partial_potentials

N, M = 40, 9


def _inputs(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    similarity = (1.2 * torch.rand(N, M, generator=random) - 0.4).double()
    columns = torch.rand(M, generator=random).double() + 0.2
    return similarity, N * columns / columns.sum()


@pytest.mark.parametrize("mass", [8.0, 20.0, 36.0])
@pytest.mark.parametrize("epsilon", [0.05, 0.3])
def test_rows_of_the_molecules_it_was_solved_for_are_the_plans(mass: float, epsilon: float) -> None:
    similarity, columns = _inputs()
    found = partial_potentials(similarity, epsilon, columns, mass)
    plan = found.rows(similarity)
    theirs = ot.partial.entropic_partial_wasserstein(
        np.ones(N), columns.numpy(), -similarity.numpy(), epsilon, m=mass,
        numItermax=20_000, stopThr=1e-12,
    )  # fmt: skip
    assert found.converged
    assert np.allclose(plan.numpy(), theirs, atol=5e-4)
    dense = partial_plan(similarity, epsilon, torch.ones(N), columns, mass)
    assert torch.allclose(plan.float(), dense.plan, atol=5e-4)


def test_a_row_is_its_own_whatever_others_are_asked_with_it() -> None:
    similarity, columns = _inputs()
    found = partial_potentials(similarity[:30], 0.1, 0.75 * columns, 15.0)
    whole = found.rows(similarity[30:])
    alone = torch.cat([found.rows(row[None]) for row in similarity[30:]])
    assert torch.allclose(whole, alone)
    assert (whole.sum(1) <= 1 + 1e-9).all()


def test_an_unlike_molecule_goes_nowhere_and_a_like_one_whole() -> None:
    found = ColumnPotentials(torch.zeros(3, dtype=torch.float64), 0.1, True)
    far = found.rows(torch.tensor([[-0.5, -0.5, -0.5]]))
    near = found.rows(torch.tensor([[0.9, -0.5, -0.5]]))
    assert float(far.sum()) == pytest.approx(3 * np.exp(-5), rel=1e-5)
    assert float(near.sum()) == pytest.approx(1)
    assert near.dtype == torch.float32


def test_no_gradient_flows_into_rows() -> None:
    similarity, columns = _inputs()
    found = partial_potentials(similarity, 0.1, columns, 20.0)
    assert not found.rows(similarity.clone().requires_grad_()).requires_grad


def test_what_did_not_converge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molsearch.losses.partial_plan._MAX_ITERATIONS", 1)
    similarity, columns = _inputs()
    assert not partial_potentials(similarity, 0.02, columns, 39.9).converged


def test_a_mass_that_is_not_there_is_refused() -> None:
    similarity, columns = _inputs()
    with pytest.raises(UsageError, match="at most 40"):
        partial_potentials(similarity, 0.1, columns, 41.0)
