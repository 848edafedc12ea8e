"""Rows in a byte a value: how far they are off, and what stays exact."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from molsearch.nn.quantise import quantise, restored


@given(st.integers(0, 2**16), st.floats(1e-6, 1e6))
def test_error_is_half_a_step_at_most(seed: int, size: float) -> None:
    table = size * torch.randn(6, 9, generator=torch.Generator().manual_seed(seed))
    values, scale = quantise(table)
    assert values.dtype == torch.int8
    assert ((restored(values, scale) - table).abs() <= 0.5001 * scale).all()


def test_rows_of_zeros_and_largest_values_stay() -> None:
    table = torch.tensor([[0.0, 0.0], [-2.54, 1.28]])
    found = restored(*quantise(table))
    assert found[0].tolist() == [0.0, 0.0]
    assert torch.allclose(found[1], table[1])
