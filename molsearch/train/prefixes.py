"""Losses over prefixes of embeddings (Matryoshka training, Kusupati et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def prefix(embeddings: Tensor, width: int) -> Tensor:
    """Return the first `width` dimensions, renormalised: an embedding of its own."""
    return nn.functional.normalize(embeddings[:, :width], dim=-1)


def mean_over_prefixes(
    loss: Callable[..., Tensor], *embeddings: Tensor, widths: Sequence[int]
) -> Tensor:
    """Mean of a loss of embeddings, each ``[n, d]``, over their prefixes of all `widths`."""
    losses = [loss(*(prefix(part, width) for part in embeddings)) for width in widths]
    return torch.stack(losses).mean()
