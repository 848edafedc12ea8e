"""Large tables of vectors in a byte a value, with a scale a row."""

from __future__ import annotations

import torch
from torch import Tensor

SCALE = ".scale"


def quantise(table: Tensor) -> tuple[Tensor, Tensor]:
    """Round each row of a table to 127 steps of its largest value.

    Parameters
    ----------
    table
        float ``[n, d]``, finite.

    Returns
    -------
    values, scale
        int8 ``[n, d]`` and float32 ``[n, 1]``; their product is off by at most half a scale.
    """
    rows = table.detach().float()
    largest = rows.abs().amax(dim=1, keepdim=True)
    scale = torch.where(largest > 0, largest / 127, torch.ones_like(largest))
    return (rows / scale).round().to(torch.int8), scale


def restored(values: Tensor, scale: Tensor) -> Tensor:
    """Return the table of :func:`quantise` as float32."""
    return values.float() * scale
