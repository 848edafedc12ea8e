from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from molsearch.errors import UsageError
from molsearch.losses.info_nce import info_nce


def _views(n, d=5, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda: F.normalize(torch.randn(n, d, generator=generator, dtype=dtype), dim=1)  # noqa: E731
    return draw(), draw()


def _shares(n, seed=0, p=0.3):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, n, generator=generator) < p


def _naive(z1, z2, temperature, shares, mode, weights):
    n = len(z1)
    total = scale = 0.0
    for a, b, related in ((z1, z2, lambda i, j: shares[i][j]), (z2, z1, lambda i, j: shares[j][i])):
        for i in range(n):
            e = [math.exp(float(a[i] @ b[j]) / temperature) for j in range(n)]
            negatives = sum(e[j] for j in range(n) if j != i and not related(i, j))
            positives = [i]
            if mode == "positive":
                positives += [j for j in range(n) if j != i and related(i, j)]
            row = sum(-math.log(e[p] / (e[p] + negatives)) for p in positives) / len(positives)
            total += weights[i] * row
            scale += weights[i]
    return total / scale


@pytest.mark.parametrize("mode", ["mask", "positive"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_equals_the_naive_loops(mode, weighted, n):
    z1, z2 = _views(n)
    shares = _shares(n)
    weights = torch.rand(n, dtype=torch.float64) + 0.1 if weighted else None
    loss = info_nce(z1, z2, temperature=0.3, shares_target=shares, mode=mode, weights=weights)
    expected = _naive(
        z1, z2, 0.3, shares.tolist(), mode, weights.tolist() if weighted else [1.0] * n
    )
    assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_without_shared_targets_is_cross_entropy_to_the_diagonal():
    z1, z2 = _views(9)
    logits = z1 @ z2.T / 0.05
    labels = torch.arange(9)
    expected = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
    assert info_nce(z1, z2, temperature=0.05).item() == pytest.approx(expected.item(), abs=1e-10)


@pytest.mark.parametrize("mode", ["mask", "positive"])
def test_gradients(mode):
    z1, z2 = _views(6)
    weights = torch.tensor([1.0, 0.0, 2.0, 0.5, 1.0, 3.0], dtype=torch.float64)
    temperature = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    shares = _shares(6)
    shares[0] = True  # one row without negatives

    def loss(a, b, t):
        return info_nce(a, b, temperature=t, shares_target=shares, mode=mode, weights=weights)

    assert torch.autograd.gradcheck(loss, (z1.requires_grad_(), z2.requires_grad_(), temperature))


@pytest.mark.parametrize("mode", ["mask", "positive"])
def test_a_row_that_shares_a_target_is_not_pushed_away(mode):
    z1, z2 = _views(4)
    z2[1] = z1[0]  # as near as can be: a false negative would dominate row 0
    shares = torch.zeros(4, 4, dtype=torch.bool)
    shares[0, 1] = shares[1, 0] = True
    z1.requires_grad_()
    free = torch.autograd.grad(info_nce(z1, z2, temperature=0.1), z1)[0]
    kept = torch.autograd.grad(
        info_nce(z1, z2, temperature=0.1, shares_target=shares, mode=mode), z1
    )[0]
    # Moving row 0 towards z2[1] raises the loss when it is a negative, never when it shares.
    assert free[0] @ z2[1] > 0.1
    assert kept[0] @ z2[1] < free[0] @ z2[1]
    far = z2.clone()
    far[1] = -far[1]
    if mode == "mask":
        forward = info_nce(z1, z2, temperature=0.1, shares_target=shares)
        negative = info_nce(z1, z2, temperature=0.1)
        assert forward < negative


@pytest.mark.parametrize("mode", ["mask", "positive"])
def test_invariances(mode):
    z1, z2 = _views(8)
    shares = _shares(8)
    weights = torch.rand(8, dtype=torch.float64)
    base = info_nce(z1, z2, shares_target=shares, mode=mode, weights=weights)
    order = torch.randperm(8)
    permuted = info_nce(
        z1[order],
        z2[order],
        shares_target=shares[order][:, order],
        mode=mode,
        weights=weights[order],
    )
    rotation = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64))[0]
    rotated = info_nce(
        z1 @ rotation, z2 @ rotation, shares_target=shares, mode=mode, weights=weights
    )
    swapped = info_nce(z2, z1, shares_target=shares.T, mode=mode, weights=weights)
    scaled = info_nce(z1, z2, shares_target=shares, mode=mode, weights=weights * 7)
    diagonal = shares | torch.eye(8, dtype=torch.bool)
    marked = info_nce(z1, z2, shares_target=diagonal, mode=mode, weights=weights)
    for other in (permuted, rotated, swapped, scaled, marked):
        torch.testing.assert_close(other, base)


def test_zero_weight_removes_a_row_as_a_source_but_not_as_a_negative():
    z1, z2 = _views(3)
    weights = torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)
    with_row = info_nce(z1, z2, temperature=0.5, weights=weights)
    assert with_row > info_nce(z1[:2], z2[:2], temperature=0.5)
    zero = info_nce(z1, z2, weights=torch.zeros(3))
    assert zero.item() == 0.0


def test_stable_at_a_tiny_temperature_in_float32():
    z1, z2 = _views(16, dtype=torch.float32)
    z2[3] = -z1[3]
    z1.requires_grad_()
    loss = info_nce(z1, z2, temperature=1e-4)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(z1.grad).all()


def test_all_rows_of_one_target_give_zero_with_zero_gradient():
    z1, z2 = _views(5, dtype=torch.float32)
    z1.requires_grad_()
    loss = info_nce(z1, z2, shares_target=torch.ones(5, 5, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(z1.grad, torch.zeros_like(z1))


def test_half_precision_embeddings_are_compared_in_single_precision():
    z1, z2 = _views(6, dtype=torch.float32)
    half = info_nce(z1.bfloat16(), z2.bfloat16())
    assert half.dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = info_nce(z1, z2)
    torch.testing.assert_close(cast, info_nce(z1, z2))


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"mode": "supcon"},
        {"weights": torch.ones(3)},
        {"shares_target": torch.ones(4, 4)},
        {"shares_target": torch.ones(4, 3, dtype=torch.bool)},
    ],
)
def test_wrong_arguments_are_named(change):
    z1, z2 = _views(4)
    with pytest.raises(UsageError, match=next(iter(change))):
        info_nce(z1, z2, **change)


def test_views_of_different_shape_are_refused():
    z1, z2 = _views(4)
    with pytest.raises(UsageError, match=r"\[B, d\]"):
        info_nce(z1, z2[:3])


def _own_negatives(k=2):
    random = torch.Generator().manual_seed(5)
    z = torch.randn(3, 4, 6, generator=random, dtype=torch.float64)
    z1, z2 = torch.nn.functional.normalize(z[:2], dim=-1)
    more = torch.nn.functional.normalize(
        torch.randn(4 * k, 6, generator=random, dtype=torch.float64), dim=1
    )
    return z1, z2, more, torch.rand(4, k, generator=random) < 0.6


@pytest.mark.parametrize("mode", ["mask", "positive"])
def test_own_negatives_stand_in_their_rows_denominators_with_their_weight(mode):
    z1, z2, more, there = _own_negatives()
    shared = torch.tensor([[0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]).bool()
    tau, weight, total = 0.3, 0.4, 0.0
    for one, two, same in ((z1, z2, shared), (z2, z1, shared.T)):
        for i in range(4):
            e = [math.exp(float(one[i] @ two[j]) / tau) for j in range(4)]
            rest = sum(e[j] for j in range(4) if j != i and not same[i, j])
            rest += sum(
                weight * math.exp(float(one[i] @ more[2 * i + k]) / tau)
                for k in range(2)
                if there[i, k]
            )
            mine = [i] if mode == "mask" else [j for j in range(4) if j == i or same[i, j]]
            total += sum(-math.log(e[j] / (e[j] + rest)) for j in mine) / len(mine)
    found = info_nce(
        z1,
        z2,
        temperature=tau,
        shares_target=shared,
        mode=mode,
        negatives=more,
        is_negative=there,
        negative_weight=weight,
    )
    assert found.item() == pytest.approx(total / 8, rel=1e-10)


def test_gradients_of_own_negatives_and_none_where_there_is_none():
    z1, z2, more, there = _own_negatives()
    inputs = [x.requires_grad_() for x in (z1, z2, more)]

    def loss(a, b, c):
        return info_nce(a, b, temperature=0.5, negatives=c, is_negative=there)

    assert torch.autograd.gradcheck(loss, inputs)
    gradient = torch.autograd.grad(loss(*inputs), more)[0].view(4, 2, 6)
    assert (gradient[~there] == 0).all()
    assert (gradient[there].abs().sum(1) > 0).all()
    nowhere = info_nce(z1, z2, negatives=more, is_negative=torch.zeros_like(there))
    assert nowhere.item() == pytest.approx(info_nce(z1, z2).item(), rel=1e-12)


@pytest.mark.parametrize(
    "change",
    [{"negatives": None}, {"is_negative": torch.ones(4, 3, dtype=torch.bool)},
     {"negative_weight": 0.0}],
)  # fmt: skip
def test_own_negatives_that_do_not_fit_are_refused(change):
    z1, z2, more, there = _own_negatives()
    with pytest.raises(UsageError, match="negative"):
        info_nce(z1, z2, **{"negatives": more, "is_negative": there, **change})


@pytest.mark.parametrize("mode", ["mask", "positive"])
@pytest.mark.parametrize("own", [False, True], ids=["alone", "beside own negatives"])
def test_common_negatives_stand_in_every_denominator(mode, own):
    z1, z2, more, there = _own_negatives()
    common = _views(5, d=6, seed=9)[0]
    shared, tau, total = _shares(4, seed=2), 0.3, 0.0
    for one, two, same in ((z1, z2, shared), (z2, z1, shared.T)):
        for i in range(4):
            e = [math.exp(float(one[i] @ two[j]) / tau) for j in range(4)]
            rest = sum(e[j] for j in range(4) if j != i and not same[i, j])
            rest += sum(math.exp(float(one[i] @ other) / tau) for other in common)
            if own:
                mine = [more[2 * i + k] for k in range(2) if there[i, k]]
                rest += sum(math.exp(float(one[i] @ other) / tau) for other in mine)
            near = [i] if mode == "mask" else [j for j in range(4) if j == i or same[i, j]]
            total += sum(-math.log(e[j] / (e[j] + rest)) for j in near) / len(near)
    beside = {"negatives": more, "is_negative": there} if own else {}
    found = info_nce(
        z1, z2, temperature=tau, shares_target=shared, mode=mode, common=common, **beside
    )
    assert found.item() == pytest.approx(total / 8, rel=1e-10)


def test_gradients_of_common_negatives():
    z1, z2 = _views(4)
    common = _views(3, seed=9)[0]
    inputs = [x.requires_grad_() for x in (z1, z2, common)]
    loss = lambda a, b, c: info_nce(a, b, temperature=0.5, common=c)  # noqa: E731
    assert torch.autograd.gradcheck(loss, inputs)
    none = info_nce(z1, z2, common=common[:0])
    assert none.item() == pytest.approx(info_nce(z1, z2).item(), rel=1e-12)


@pytest.mark.parametrize("shape", [(3, 4), (5,)])
def test_common_negatives_that_do_not_fit_are_refused(shape):
    z1, z2 = _views(4)
    with pytest.raises(UsageError, match=r"common must be \[K, 5\]"):
        info_nce(z1, z2, common=torch.ones(shape, dtype=torch.float64))


@pytest.mark.parametrize("mode", ["mask", "positive"])
def test_likeness_is_added_to_cosines(mode):
    z1, z2 = _views(4)
    common, shared, tau = _views(3, seed=9)[0], _shares(4, seed=2), 0.3
    random = torch.Generator().manual_seed(3)
    likeness = torch.rand(4, 4, generator=random, dtype=torch.float64)
    of_common = torch.rand(2, 4, 3, generator=random, dtype=torch.float64)
    total = 0.0
    ways = ((z1, z2, shared, likeness), (z2, z1, shared.T, likeness.T))
    for view, (one, two, same, like) in enumerate(ways):
        for i in range(4):
            e = [math.exp(float(one[i] @ two[j] + like[i, j]) / tau) for j in range(4)]
            rest = sum(e[j] for j in range(4) if j != i and not same[i, j])
            rest += sum(
                math.exp(float(one[i] @ common[k] + of_common[view, i, k]) / tau) for k in range(3)
            )
            near = [i] if mode == "mask" else [j for j in range(4) if j == i or same[i, j]]
            total += sum(-math.log(e[j] / (e[j] + rest)) for j in near) / len(near)
    found = info_nce(
        z1,
        z2,
        temperature=tau,
        shares_target=shared,
        mode=mode,
        common=common,
        likeness=likeness,
        common_likeness=of_common,
    )
    assert found.item() == pytest.approx(total / 8, rel=1e-10)


def test_a_pair_that_the_fingerprint_finds_teaches_less():
    z1, z2 = _views(4)
    z1.requires_grad_()
    known = torch.zeros(4, 4, dtype=torch.float64)
    known[0, 0] = 1.0
    gradients = [
        torch.autograd.grad(info_nce(z1, z2, temperature=0.1, likeness=like), z1)[0]
        for like in (None, known)
    ]
    assert gradients[1][0].norm() < 0.5 * gradients[0][0].norm()
