"""What is learned beside an encoder and does not ship: where it starts, at which rate it learns."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from molsearch.config import TrainConfig

#: Names: a target's threshold, the map before the second head, and its vectors.
BIAS, MAP, VECTORS = "binary.bias", "binary.map", "binary.vectors"
#: The map before the head of overlays, and its line.
SHAPE_MAP, SHAPE_LINE = "shapes.map", "shapes.line"
_SEED = 101  # apart from the draw of the prototypes


@dataclass(frozen=True, slots=True)
class Head:
    """A tensor to learn.

    Attributes
    ----------
    start
        Its values before the first step, drawn apart from all other random numbers.
    rate
        Base learning rate.
    """

    start: Tensor
    rate: float


def heads_of(config: TrainConfig, encoder: str, *, n_targets: int, dim: int) -> dict[str, Head]:
    """Heads that a configuration gives an encoder: none unless it sees labelled pairs."""
    heads: dict[str, Head] = {}
    labelled = encoder == "f" or config.soft.supervised > 0
    if config.inactives.binary > 0 and labelled:
        heads |= _binary(config, n_targets, dim)
    if config.shapes.weight > 0 and encoder == "f":
        heads[SHAPE_MAP] = Head(torch.eye(dim), config.learning_rate)
        # About the mean overlay, and rising: a run begins near what the mean alone explains.
        heads[SHAPE_LINE] = Head(torch.tensor([0.0, 0.1]), config.learning_rate)
    return heads


def _binary(config: TrainConfig, n_targets: int, dim: int) -> dict[str, Head]:
    rate = config.prototype_learning_rate
    heads = {BIAS: Head(torch.zeros(n_targets), rate)}
    if config.inactives.head == "linear":
        random = torch.Generator().manual_seed(config.seed + _SEED)
        vectors = nn.functional.normalize(torch.randn(n_targets, dim, generator=random), dim=-1)
        heads[MAP] = Head(torch.eye(dim), config.learning_rate)
        heads[VECTORS] = Head(vectors, rate)
    return heads
