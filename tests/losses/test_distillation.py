"""What a student lacks of its teachers, against loops; gradients; shapes that do not fit."""

from __future__ import annotations

import pytest
import torch

from molsearch.errors import UsageError
from molsearch.losses.distillation import similarity_loss, vector_loss


def _unit(n: int, dim: int, seed: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    drawn = torch.randn(n, dim, generator=random, dtype=torch.float64)
    return torch.nn.functional.normalize(drawn, dim=1)


def test_vectors_equal_a_loop() -> None:
    z, t = _unit(7, 5, 0), _unit(7, 5, 1)
    expected = sum(
        1 - sum(float(a * b) for a, b in zip(*rows, strict=True)) for rows in zip(z, t, strict=True)
    )
    assert vector_loss(z, t).item() == pytest.approx(expected / 7, rel=1e-9)
    assert vector_loss(z, z).item() == pytest.approx(0, abs=1e-12)


def test_similarities_equal_a_loop_and_see_no_turn() -> None:
    z, t = _unit(6, 5, 0), _unit(6, 8, 1)
    total = 0.0
    for i in range(6):
        for j in range(6):
            if i != j:
                total += float((z[i] @ z[j] - t[i] @ t[j]) ** 2)
    assert similarity_loss(z, t).item() == pytest.approx(total / 30, rel=1e-9)
    turn, _ = torch.linalg.qr(_unit(5, 5, 2))
    assert similarity_loss(z, z @ turn).item() == pytest.approx(0, abs=1e-12)
    assert vector_loss(z, z @ turn).item() > 0.1


@pytest.mark.parametrize("loss", [vector_loss, similarity_loss])
def test_gradients_are_those_of_finite_differences(loss) -> None:
    z, t = _unit(5, 4, 0).requires_grad_(), _unit(5, 4, 1)
    assert torch.autograd.gradcheck(lambda x: loss(x, t), (z,))


@pytest.mark.parametrize("loss", [vector_loss, similarity_loss])
def test_a_step_down_draws_nearer(loss) -> None:
    z, t = _unit(9, 6, 0).requires_grad_(), _unit(9, 6, 1)
    before = loss(z, t)
    before.backward()
    with torch.no_grad():
        after = loss(torch.nn.functional.normalize(z - 0.5 * z.grad, dim=1), t)
    assert after < before


def test_shapes_that_do_not_fit_are_refused() -> None:
    for loss in (vector_loss, similarity_loss):
        with pytest.raises(UsageError, match=r"a target for each .* \(3, 4\) and \(2, 4\)"):
            loss(torch.ones(3, 4), torch.ones(2, 4))
    with pytest.raises(UsageError, match="a target for each"):
        vector_loss(torch.ones(3, 4), torch.ones(3, 5))
