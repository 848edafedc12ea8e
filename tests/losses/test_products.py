"""Products by either library are the same, whatever the strides."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from molsearch.losses import products
from molsearch.losses.products import is_mkl_slow, times_transposed


@pytest.mark.parametrize("slow", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_product_is_exact_whatever_the_strides(
    slow: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    if slow and not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        pytest.skip("this torch cannot ask oneDNN")
    monkeypatch.setattr(products, "is_mkl_slow", lambda: slow)
    random = torch.Generator().manual_seed(0)
    a = torch.randn(33, 70, generator=random, dtype=dtype, requires_grad=True)
    b = torch.randn(70, 45, generator=random, dtype=dtype)
    expected = (a.double() @ b.double()).detach()
    for left, right in ((a, b.T), (a[:, :], b.T.contiguous()), (a.T.contiguous().T, b.T)):
        found = times_transposed(left, right)
        assert found.dtype == dtype
        assert not found.requires_grad
        assert torch.allclose(found.double(), expected, atol=1e-5)
    prefix = times_transposed(a[:, :8], b.T[:, :8])
    assert torch.allclose(prefix.double(), (a[:, :8].double() @ b[:8].double()), atol=1e-5)


@pytest.mark.parametrize(
    ("facts", "slow"),
    [
        ("vendor_id : AuthenticAMD\nflags : fpu avx2 avx512f", True),
        ("vendor_id : AuthenticAMD\nflags : fpu avx2", False),
        ("vendor_id : GenuineIntel\nflags : fpu avx2 avx512f", False),
        (None, False),
    ],
)
def test_which_processors_are_meant(
    facts: str | None, slow: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cpuinfo"
    if facts is not None:
        path.write_text(facts)
    monkeypatch.setattr(products, "_PROCESSOR", path)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", lambda *_: None, raising=False)
    is_mkl_slow.cache_clear()
    try:
        assert is_mkl_slow() is slow
    finally:
        is_mkl_slow.cache_clear()
