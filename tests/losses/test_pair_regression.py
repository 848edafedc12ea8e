"""A figure of pairs off their embeddings, beside plain loops."""

from __future__ import annotations

import pytest
import torch

from molsearch.errors import UsageError
from molsearch.losses.pair_regression import pair_regression

N, D, K = 6, 5, 4


def _inputs(seed: int = 0) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    sizes = ((N, D), (N, D), (K, D), (2,), (N,))
    return [torch.randn(*size, generator=random, dtype=torch.float64) for size in sizes]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equals_the_naive_loops(seed: int) -> None:
    first, second, map_, line, values = _inputs(seed)
    total = 0.0
    for a, b, y in zip(first, second, values, strict=True):
        one, other = map_ @ a, map_ @ b
        cosine = float(one @ other / one.norm() / other.norm())
        total += (float(line[0]) + float(line[1]) * cosine - float(y)) ** 2
    found = pair_regression(first, second, map_, line, values, spread=0.3)
    assert found.item() == pytest.approx(total / N / 0.09, rel=1e-10)


def test_one_is_what_the_mean_alone_gives() -> None:
    first, second, map_, _, values = _inputs()
    line = torch.stack([values.mean(), values.new_zeros(())])
    spread = float(values.std(correction=0))
    found = pair_regression(first, second, map_, line, values, spread=spread)
    assert found.item() == pytest.approx(1.0)


def test_gradients() -> None:
    *inputs, values = _inputs()
    inputs = [x.requires_grad_() for x in inputs]
    assert torch.autograd.gradcheck(
        lambda *x: pair_regression(*x, values, spread=0.5), tuple(inputs)
    )


@pytest.mark.parametrize(
    "change", [{"line": torch.zeros(3)}, {"values": torch.zeros(2)}, {"spread": 0.0}]
)
def test_what_does_not_fit_is_refused(change: dict[str, object]) -> None:
    first, second, map_, line, values = _inputs()
    given = {"first": first, "second": second, "map_": map_, "line": line, "values": values}
    with pytest.raises(UsageError, match="pair_regression needs"):
        pair_regression(**{**given, "spread": 1.0, **change})
