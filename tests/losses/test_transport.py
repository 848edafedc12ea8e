from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.errors import UsageError
from molsearch.losses import newton
from molsearch.losses.duals import EntropicDual, SmoothDual
from molsearch.losses.fixed_point import solve_fixed_point
from molsearch.losses.newton import solve_newton
from molsearch.losses.plan import scaled_distances, transport_cost
from molsearch.losses.transport import entropic_plan, smooth_plan, soft_labels

torch.set_num_threads(1)
EYE = torch.eye(6, dtype=torch.float64)


def clustered(n: int, size: int = 4, d: int = 32, noise: float = 0.7, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(max(1, n // size), d, generator=generator, dtype=torch.float64)
    rows = centres[torch.arange(n) % len(centres)]
    rows = rows + noise * torch.randn(n, d, generator=generator, dtype=torch.float64)
    return F.normalize(rows, dim=1)


def simplex_rows(x: np.ndarray) -> np.ndarray:
    """Thresholds t with sum_j [x_ij - t_i]_+ = 1, by sorting."""
    descending = -np.sort(-x, axis=1)
    sums = np.cumsum(descending, axis=1) - 1
    counts = np.arange(1, x.shape[1] + 1)
    rho = (descending * counts > sums).sum(1)
    return sums[np.arange(len(x)), rho - 1] / rho


def naive_smooth(cost: np.ndarray, regularisation: float, sweeps: int = 2000) -> np.ndarray:
    """Block coordinate ascent on both potentials with exact row and column projections."""
    scores = -cost / regularisation
    b = np.zeros(len(cost))
    for _ in range(sweeps):
        a = -simplex_rows(scores + b)
        b = -simplex_rows(scores.T + a)
    return np.maximum(scores + a[:, None] + b, 0)


def naive_entropic(cost: np.ndarray, regularisation: float, sweeps: int = 4000) -> np.ndarray:
    kernel = np.exp(-(cost - cost.min()) / regularisation)
    v = np.ones(len(cost))
    for _ in range(sweeps):
        u = 1 / (kernel @ v)
        v = 1 / (kernel.T @ u)
    return u[:, None] * kernel * v


ROWS = {
    "random": clustered(24, 1, 8, 0.0),
    "clustered": clustered(24),
    "duplicates": clustered(24, 6, 8, 0.0),
    "identical": torch.ones(7, 4, dtype=torch.float64) / 2,
    "orthogonal": EYE,
    "zero_rows": torch.cat([clustered(9), torch.zeros(3, 32, dtype=torch.float64)]),
    "opposite": torch.cat([clustered(6), -clustered(6)]),
    "all_zero": torch.zeros(5, 3, dtype=torch.float64),
    "single": clustered(1),
    "pair": clustered(2),
}


def _assert_equal(solve, cost, regularisation, expected):
    for dtype, tolerance in ((torch.float32, 1e-4), (torch.float64, 1e-7)):
        for method in ("fixed_point", "newton"):
            result = solve(cost, regularisation=regularisation, method=method, dtype=dtype)
            assert bool(result.converged), (method, dtype)
            assert result.plan.dtype == dtype
            np.testing.assert_allclose(result.plan.numpy(), expected, atol=tolerance)


@pytest.mark.parametrize("regularisation", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("name", ROWS)
def test_smooth_plan_equals_block_coordinate_ascent(name, regularisation):
    cost = transport_cost(ROWS[name])
    expected = naive_smooth(cost.numpy(), regularisation)
    _assert_equal(smooth_plan, cost, regularisation, expected)


@pytest.mark.parametrize("name", ROWS)
def test_entropic_plan_equals_plain_sinkhorn(name):
    cost = transport_cost(ROWS[name])
    _assert_equal(entropic_plan, cost, 0.2, naive_entropic(cost.numpy(), 0.2))


@pytest.mark.parametrize("kind", ["smooth", "entropic"])
@pytest.mark.parametrize("product", [1e-9, 1e-4, 1e-2, 1e2, 1e6, 1e9])
@pytest.mark.parametrize("name", ROWS)
def test_extreme_regularisations_converge_in_single_precision(name, product, kind):
    result = soft_labels(ROWS[name].float(), regularisation=product, kind=kind)
    plan = result.plan.double()
    assert bool(result.converged)
    assert (plan >= 0).all()
    torch.testing.assert_close(plan.sum(0), torch.ones(len(plan)).double(), atol=1e-4, rtol=0)
    torch.testing.assert_close(plan.sum(1), torch.ones(len(plan)).double(), atol=1e-4, rtol=0)
    if product >= 1e6:
        assert (plan - 1 / len(plan)).abs().max() < 1e-5


def test_small_regularisation_gives_the_identity_and_duplicates_share():
    rows = clustered(8, 1, 8, 0.0)
    torch.testing.assert_close(soft_labels(rows, regularisation=1e-3).plan, torch.eye(8))
    doubled = soft_labels(torch.cat([rows, rows]), regularisation=1e-3).plan
    torch.testing.assert_close(doubled, torch.eye(8).repeat(2, 2) / 2)


@pytest.mark.parametrize("kind", ["smooth", "entropic"])
def test_only_the_product_of_regularisation_and_temperature_matters(kind):
    rows = clustered(16)
    one = soft_labels(rows, temperature=0.2, regularisation=5.0, kind=kind, dtype=torch.float64)
    two = soft_labels(rows, temperature=1.0, regularisation=1.0, kind=kind, dtype=torch.float64)
    torch.testing.assert_close(one.plan, two.plan, atol=1e-8, rtol=0)


@pytest.mark.parametrize("kind", ["smooth", "entropic"])
def test_plan_follows_the_order_of_rows_and_forgets_rotations(kind):
    rows = clustered(20)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    rotation = torch.linalg.qr(torch.randn(32, 32, dtype=torch.float64))[0]
    solve = lambda x: soft_labels(x, kind=kind, dtype=torch.float64).plan  # noqa: E731
    base = solve(rows)
    torch.testing.assert_close(solve(rows[order]), base[order][:, order], atol=1e-8, rtol=0)
    torch.testing.assert_close(solve(rows @ rotation), base, atol=1e-8, rtol=0)


@pytest.mark.parametrize("kind", ["smooth", "entropic"])
def test_a_batch_equals_its_problems_one_by_one(kind):
    batch = torch.stack(
        [clustered(12), clustered(12, 12), clustered(12, 3, noise=0.0), clustered(12)]
    )
    together = soft_labels(batch.reshape(2, 2, 12, 32), kind=kind)
    assert together.plan.shape == (2, 2, 12, 12)
    assert together.iterations.shape == together.converged.shape == (2, 2)
    for i, rows in enumerate(batch):
        alone = soft_labels(rows, kind=kind)
        assert alone.iterations.shape == ()
        index = divmod(i, 2)
        torch.testing.assert_close(together.plan[index], alone.plan, atol=1e-6, rtol=0)
        assert together.iterations[index] == alone.iterations


def test_the_plan_carries_no_gradient_and_leaves_its_input_alone():
    rows = clustered(8).requires_grad_()
    cost = transport_cost(rows)
    before = cost.clone()
    assert not smooth_plan(cost, regularisation=1.0).plan.requires_grad
    assert torch.equal(cost, before)


@pytest.mark.parametrize("method", ["fixed_point", "newton"])
@pytest.mark.parametrize("solve", [smooth_plan, entropic_plan])
def test_autocast_changes_nothing(solve, method):
    cost = transport_cost(clustered(32).float())
    expected = solve(cost, regularisation=1.0, method=method)
    with torch.autocast("cpu", torch.bfloat16):
        found = solve(cost, regularisation=1.0, method=method)
    assert found.plan.dtype == torch.float32
    assert torch.equal(found.plan, expected.plan)


def test_small_problems_run_on_one_thread_and_give_the_others_back(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "molsearch.losses.transport._solve",
        lambda *_: seen.append(torch.get_num_threads()),
    )
    torch.set_num_threads(2)
    try:
        smooth_plan(torch.eye(4), regularisation=1.0)
        entropic_plan(torch.empty(1024, 1024), regularisation=1.0)
        assert seen == [1, 2]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_non_convergence_is_reported_not_hidden():
    result = smooth_plan(transport_cost(clustered(24)), regularisation=1.0, max_iterations=2)
    assert not bool(result.converged)
    assert int(result.iterations) == 2
    assert result.marginal_error > 1e-3
    assert result.marginal_error == pytest.approx(
        (result.plan.sum(1) - 1).abs().max().item(), rel=1e-3
    )


def test_what_the_fixed_point_leaves_newton_finishes(monkeypatch):
    monkeypatch.setattr("molsearch.losses.transport._MAX_FIXED_POINT", 1)
    batch = torch.stack([clustered(24), EYE.repeat(4, 4)[:24, :24].repeat(1, 2)[:, :32] / 2])
    result = smooth_plan(transport_cost(batch), regularisation=1.0)
    assert bool(result.converged.all())
    for rows, plan in zip(batch, result.plan, strict=True):
        expected = naive_smooth(transport_cost(rows).numpy(), 1.0)
        np.testing.assert_allclose(plan.numpy(), expected, atol=1e-4)


@given(
    st.integers(1, 9),
    st.integers(0, 2**31),
    # With a hundred times the regularisation and more, one smooth plan in some 150 of such costs
    # does not converge, and says so; costs of training are at most 2.
    st.floats(-3, 1),
    st.sampled_from([SmoothDual, EntropicDual]),
)
@settings(max_examples=80, deadline=None)
def test_any_symmetric_cost_converges(n, seed, log_scale, make):
    generator = torch.Generator().manual_seed(seed)
    cost = torch.randn(n, n, generator=generator, dtype=torch.float64) * 10**log_scale
    cost = (cost + cost.T) / 2  # indefinite: the diagonal need not be the cheapest
    solve = smooth_plan if make is SmoothDual else entropic_plan
    regularisation = 1.0 if make is SmoothDual else max(1.0, 10**log_scale / 20)
    result = solve(cost, regularisation=regularisation)
    assert bool(result.converged)
    assert (result.plan - result.plan.T).abs().max() < 1e-5
    torch.testing.assert_close(result.plan.sum(0), torch.ones(n), atol=1e-4, rtol=0)


@pytest.mark.parametrize("make", [SmoothDual, EntropicDual])
def test_curvature_and_excess_are_derivatives_of_the_dual(make):
    dual = make(scaled_distances(transport_cost(clustered(9)), 0.7, torch.float64))
    point = dual.start() + 0.05 * torch.rand(1, 9, dtype=torch.float64)
    plan = dual.plan(point).clone()
    excess = plan.sum(2) - 1
    curvature = dual.curvature(plan)[0]
    step = 1e-6
    for i in range(9):
        up, down = point.clone(), point.clone()
        up[0, i] += step
        down[0, i] -= step
        high, low = dual.plan(up).clone(), dual.plan(down).clone()
        slope = (dual.value(high, up) - dual.value(low, down)) / (2 * step)
        assert slope.item() == pytest.approx(excess[0, i].item(), abs=1e-6)
        bend = (high.sum(2) - low.sum(2))[0] / (2 * step)
        torch.testing.assert_close(bend, curvature[i], atol=1e-4, rtol=1e-4)


def test_newton_needs_few_steps_from_a_far_start():
    dual = SmoothDual(scaled_distances(transport_cost(clustered(64)), 1.0, torch.float64))
    for start in (0.5, 50.0, -3.0):
        begin = torch.full((1, 64), start, dtype=torch.float64)
        _, plan, iterations, error = solve_newton(dual, begin, 1e-9, 100)
        assert error.item() <= 1e-9
        assert iterations.item() <= 40
        assert (plan.sum(2) - 1).abs().max() < 1e-8


def test_line_search_keeps_the_point_when_nothing_decreases():
    dual = SmoothDual(scaled_distances(transport_cost(clustered(8)), 1.0, torch.float64))
    point, plan, _, _ = solve_newton(dual, dual.start(), 1e-12, 100)
    upwards = torch.ones_like(point)
    value = dual.value(plan, point)
    slope_lie = -torch.ones_like(point)
    assert torch.equal(newton._line_search(dual, point, upwards, slope_lie, value), point)


def test_a_converged_problem_waits_for_the_others():
    batch = torch.stack([torch.eye(12, 32, dtype=torch.float64), clustered(12)])
    dual = SmoothDual(scaled_distances(transport_cost(batch), 0.5, torch.float64))
    _, plan, iterations, error = solve_fixed_point(dual, 1e-9, 60)
    assert iterations[0] < iterations[1]
    assert (error <= 1e-9).all()
    torch.testing.assert_close(plan[0], torch.eye(12, dtype=torch.float64))


@pytest.mark.parametrize(
    ("cost", "match"),
    [
        (torch.rand(3, 4), "cost must be"),
        (torch.rand(0, 0), "cost must be"),
        (torch.triu(torch.rand(5, 5)) * 3, "symmetric"),
        (torch.full((3, 3), math.nan), "NaN"),
        (torch.full((3, 3), math.inf), "NaN or infinite"),
    ],
)
def test_unusable_costs_are_refused(cost, match):
    with pytest.raises(UsageError, match=match):
        smooth_plan(cost, regularisation=1.0)


@pytest.mark.parametrize(
    "change",
    [
        {"regularisation": 0.0},
        {"regularisation": math.nan},
        {"method": "simplex"},
        {"dtype": torch.float16},
    ],
)
def test_wrong_arguments_are_named(change):
    with pytest.raises(UsageError, match=next(iter(change))):
        smooth_plan(torch.eye(3), **{"regularisation": 1.0, **change})
    with pytest.raises(UsageError, match="temperature"):
        transport_cost(torch.eye(3), temperature=-1.0)
