"""Plans that may leave mass at home, against POT's."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import torch

from molsearch.errors import UsageError
from molsearch.losses.partial_plan import nearest_plan, partial_plan, unbalanced_plan

N, M = 12, 30


def _inputs(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    similarity = 1.2 * torch.rand(N, M, generator=random) - 0.4
    columns = torch.rand(M, generator=random) + 0.2
    return similarity, torch.ones(N), N * columns / columns.sum()


def _numpy(*tensors: torch.Tensor) -> list[np.ndarray]:
    return [tensor.double().numpy() for tensor in tensors]


@pytest.mark.parametrize("mass", [3.0, 6.0, 11.0])
@pytest.mark.parametrize("epsilon", [0.05, 0.3])
def test_partial_plan_is_pots(mass: float, epsilon: float) -> None:
    similarity, rows, columns = _inputs()
    found = partial_plan(similarity, epsilon, rows, columns, mass)
    a, b, s = _numpy(rows, columns, similarity)
    theirs = ot.partial.entropic_partial_wasserstein(
        a, b, -s, epsilon, m=mass, numItermax=20_000, stopThr=1e-12
    )
    assert bool(found.converged)
    assert np.allclose(found.plan.numpy(), theirs, atol=5e-4)
    assert float(found.plan.sum()) == pytest.approx(mass, rel=1e-4)


@pytest.mark.filterwarnings("ignore:If reg_type")
@pytest.mark.parametrize("relaxation", [0.02, 0.1, 1.0])
def test_unbalanced_plan_is_pots(relaxation: float) -> None:
    similarity, rows, columns = _inputs()
    similarity = similarity - 0.3
    found = unbalanced_plan(similarity, 0.05, rows, columns, relaxation)
    a, b, s = _numpy(rows, columns, similarity)
    theirs = ot.unbalanced.sinkhorn_unbalanced(
        a,
        b,
        -s,
        0.05,
        relaxation,
        reg_type="kl",
        c=a[:, None] * b / b.sum(),
        numItermax=50_000,
        stopThr=1e-14,
    )
    assert bool(found.converged)
    assert np.allclose(found.plan.numpy(), theirs, atol=1e-3 * theirs.max())


def test_a_molecule_like_no_target_goes_nowhere() -> None:
    similarity, rows, columns = _inputs()
    similarity[0] = -0.4
    moved = partial_plan(similarity, 0.05, rows, columns, 6.0).plan.sum(1)
    assert moved[0] < 0.02 < 0.3 < moved[1:].mean()
    moved = unbalanced_plan(similarity - 0.3, 0.05, rows, columns, 0.1).plan.sum(1)
    assert moved[0] < 0.1 * moved[1:].mean()


def test_shares_are_never_exceeded_and_all_goes_where_no_mass_is_named() -> None:
    similarity, rows, columns = _inputs(seed=3)
    found = partial_plan(similarity, 0.05, rows, 2 * columns)
    assert torch.allclose(found.plan.sum(1), rows, atol=1e-3)
    assert (found.plan.sum(0) <= 2 * columns * (1 + 2e-4)).all()


def test_plan_among_nearest_is_the_dense_plan_of_those_entries() -> None:
    similarity, rows, _ = _inputs(seed=1)
    similarity[:, 0] = 0.85  # what all are like
    similarity[2, 5] = -torch.inf
    found = nearest_plan(similarity, 0.05, 6)
    far = similarity < similarity.topk(6, dim=1).values[:, -1:]
    dense = partial_plan(similarity.masked_fill(far, -torch.inf), 0.05, rows, torch.ones(M))
    assert bool(found.converged)
    assert torch.allclose(found.plan, dense.plan, atol=1e-4)
    assert torch.allclose(found.plan.sum(1), torch.ones(N), atol=1e-3)
    assert float(found.plan[:, 0].sum()) == pytest.approx(1.0, abs=1e-3)
    assert found.plan[2, 5] == 0


def test_no_gradient_flows_into_labels() -> None:
    similarity, rows, columns = _inputs()
    similarity.requires_grad_()
    plans = (
        partial_plan(similarity, 0.1, rows, columns, 3.0),
        unbalanced_plan(similarity, 0.1, rows, columns, 0.1),
        nearest_plan(similarity, 0.1, 4),
    )
    assert not any(found.plan.requires_grad for found in plans)


def test_what_did_not_converge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molsearch.losses.partial_plan._MAX_ITERATIONS", 3)
    similarity, rows, columns = _inputs()
    found = partial_plan(similarity, 0.01, rows, columns, 11.9)
    assert not bool(found.converged)
    assert int(found.iterations) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": torch.ones(3)}, r"\[n\] rows"),
        ({"columns": torch.zeros(M)}, "shares of rows and columns"),
        ({"similarity": torch.full((N, M), torch.nan)}, "NaN"),
        ({"epsilon": 1e-4}, "too small"),
        ({"epsilon": 0.0}, "epsilon"),
        ({"mass": 13.0}, "at most 12"),
        ({"columns": torch.full((M,), 0.1)}, "take less|at most 3"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], said: str) -> None:
    similarity, rows, columns = _inputs()
    given = {"similarity": similarity, "epsilon": 0.1, "rows": rows, "columns": columns}
    with pytest.raises(UsageError, match=said):
        partial_plan(**{**given, **change})
    with pytest.raises(UsageError, match="at most m"):
        nearest_plan(similarity, 0.1, M + 1)
