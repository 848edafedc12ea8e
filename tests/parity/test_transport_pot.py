"""Plans equal those of POT, run to tight tolerances."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from molsearch.losses.plan import transport_cost
from molsearch.losses.transport import entropic_plan, smooth_plan

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # POT warns about back ends that are absent
    ot = pytest.importorskip("ot")
    solve_batch = pytest.importorskip("ot.batch").solve_batch

torch.set_num_threads(1)
ATOL = 1e-4


def _rows(n: int, clusters: int, d: int, noise: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n)
    centres = torch.randn(clusters, d, generator=generator)
    rows = centres[torch.arange(n) % clusters] + noise * torch.randn(n, d, generator=generator)
    return F.normalize(rows, dim=1)


CASES = {
    "random": _rows(64, 64, 16, 0.0),
    "clustered": _rows(64, 16, 64, 0.7),
    "few_clusters": _rows(48, 3, 32, 0.5),
    "narrow_cone": F.normalize(_rows(64, 16, 64, 0.7) + 0.3, dim=1),
    "duplicates": _rows(48, 8, 16, 0.0),
    "near_duplicates": _rows(48, 8, 16, 1e-4),
    "identical": torch.ones(32, 4) / 2,
    "orthogonal": torch.eye(40),
    "zero_rows": torch.cat([_rows(20, 5, 8, 0.3), torch.zeros(4, 8)]),
    "opposite": torch.cat([_rows(20, 20, 8, 0.0), -_rows(20, 20, 8, 0.0)]),
    "single": torch.ones(1, 1),
}
PRODUCTS = [1e-3, 0.3, 1.0, 5.0, 1e3]


def _marginals(n: int) -> np.ndarray:
    return np.ones(n)


def _assert_equals(solve, cost, regularisation, reference):
    for dtype in (torch.float32, torch.float64):
        result = solve(cost, regularisation=regularisation, dtype=dtype)
        assert bool(result.converged)
        np.testing.assert_allclose(result.plan.numpy(), reference, atol=ATOL)


@pytest.mark.parametrize("regularisation", PRODUCTS)
@pytest.mark.parametrize("name", CASES)
def test_smooth_plan_equals_both_solvers_of_pot(name, regularisation):
    cost = transport_cost(CASES[name])
    ones = _marginals(len(cost))
    settings = {"reg_type": "l2", "stopThr": 1e-15, "numItermax": 100_000}
    solvers = (ot.smooth.smooth_ot_dual, ot.smooth.smooth_ot_semi_dual)
    references = [s(ones, ones, cost.numpy(), regularisation, **settings) for s in solvers]
    # A reference counts as far as it converged itself; one of the two always does.
    errors = [np.abs(p.sum(1) - 1).max() + np.abs(p.sum(0) - 1).max() for p in references]
    assert min(errors) < 1e-5
    for reference, error in zip(references, errors, strict=True):
        if error < 1e-5:
            _assert_equals(smooth_plan, cost, regularisation, reference)


@pytest.mark.parametrize("regularisation", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("name", CASES)
def test_entropic_plan_equals_sinkhorn_of_pot(name, regularisation):
    cost = transport_cost(CASES[name])
    ones = _marginals(len(cost))
    reference = ot.sinkhorn(
        ones,
        ones,
        cost.numpy(),
        regularisation,
        method="sinkhorn_log",
        stopThr=1e-10,
        numItermax=2_000,
    )
    _assert_equals(entropic_plan, cost, regularisation, reference)


def test_a_batch_of_entropic_plans_equals_the_batched_solver_of_pot():
    costs = transport_cost(torch.stack([_rows(32, 32, 16, 0.0), _rows(32, 8, 16, 0.5)]))
    result = entropic_plan(costs, regularisation=0.2)
    ones = torch.ones(2, 32, dtype=torch.float64)
    reference = solve_batch(costs, reg=0.2, a=ones, b=ones, max_iter=20_000, tol=1e-11)
    np.testing.assert_allclose(result.plan.numpy(), reference.plan.numpy(), atol=ATOL)


def test_the_published_settings_leave_a_larger_error_than_ours():
    cost = transport_cost(CASES["clustered"])
    ones = _marginals(len(cost))
    published = ot.smooth.smooth_ot_dual(
        ones, ones, cost.numpy(), reg=5.0, reg_type="l2", stopThr=1e-5, numItermax=200
    )
    ours = smooth_plan(cost, regularisation=5.0)
    assert ours.marginal_error < np.abs(published.sum(1) - 1).max()
    np.testing.assert_allclose(ours.plan.numpy(), published, atol=5e-3)
