"""Products of matrices by the library that is fast on this processor."""

from __future__ import annotations

import functools
from pathlib import Path

import torch
from torch import Tensor

_PROCESSOR = Path("/proc/cpuinfo")


def times_transposed(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b.T``, without a gradient.

    On processors of AMD with AVX-512, MKL, which torch asks for products in single precision,
    goes no faster than with half of the registers; oneDNN, which torch brings too, uses them all.

    Parameters
    ----------
    a, b
        ``[n, d]`` and ``[m, d]``, of one type and device; strides as they come.
    """
    if a.dtype == b.dtype == torch.float32 and a.device.type == "cpu" and is_mkl_slow():
        found: Tensor = torch.ops.mkldnn._linear_pointwise(
            _dense(a.detach()), _dense(b.detach()), None, "none", [], ""
        )
        return found
    return a.detach() @ b.detach().T


def _dense(matrix: Tensor) -> Tensor:
    """Copy part of a larger matrix: with its strides oneDNN is slow beyond use."""
    return matrix if matrix.is_contiguous() or matrix.T.is_contiguous() else matrix.contiguous()


@functools.cache
def is_mkl_slow() -> bool:
    """Whether oneDNN multiplies faster than MKL here, and can be asked to."""
    there = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    can = there and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    try:
        facts = _PROCESSOR.read_text()
    except OSError:
        return False
    return can and "AuthenticAMD" in facts and "avx512f" in facts
