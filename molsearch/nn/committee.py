"""Several networks side by side, as one encoder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from molsearch.config import ModelConfig
from molsearch.data.graph import MolGraph
from molsearch.errors import UsageError
from molsearch.nn.network import Network


class Committee(Network):
    """Embeds a molecule by each of its towers; a similarity is the mean of theirs.

    Networks that were trained apart err apart. Their unit vectors stand side by side, each
    divided by the root of their number, so that an inner product of two molecules is the mean
    of the towers' cosines, and everything that holds vectors treats a committee as one encoder.

    The columns are ordered by the towers' own prefixes (64 of each, then the next 64 of each),
    so that a prefix of the whole is made of prefixes of all.

    Parameters
    ----------
    config
        `towers` networks, each ``embedding_dim / towers`` wide.
    """

    order: Tensor

    def __init__(self, config: ModelConfig) -> None:
        nn.Module.__init__(self)
        self.config = config
        one = tower_config(config)
        self.towers = nn.ModuleList(Network(one) for _ in range(config.towers))
        order = torch.tensor(column_order(one.matryoshka, config.towers))
        self.register_buffer("order", order, persistent=False)

    def forward(self, batch: MolGraph) -> Tensor:
        """Return the embeddings of a batch, float ``[B, embedding_dim]``, unit length."""
        views = torch.cat([tower(batch) for tower in self.towers], dim=1)
        return views[:, self.order] / len(self.towers) ** 0.5


def network_of(config: ModelConfig) -> Network:
    """Build the network that a configuration describes, with random weights."""
    return Committee(config) if config.towers > 1 else Network(config)


def tower_config(config: ModelConfig) -> ModelConfig:
    """Return the configuration of one tower of a committee."""
    n = config.towers
    return config.model_copy(
        update={
            "towers": 1,
            "embedding_dim": config.embedding_dim // n,
            "matryoshka": tuple(width // n for width in config.matryoshka),
        }
    )


def column_order(prefixes: Sequence[int], n_towers: int) -> list[int]:
    """Order the columns of towers side by side, so that prefixes of all come first.

    Examples
    --------
    >>> column_order([1, 3], 2)
    [0, 3, 1, 2, 4, 5]
    """
    width = prefixes[-1]
    bounds = [0, *prefixes]
    return [
        tower * width + column
        for low, high in pairwise(bounds)
        for tower in range(n_towers)
        for column in range(low, high)
    ]


def joined(networks: Sequence[Network], dim: int) -> Committee:
    """Join trained networks as one committee of width `dim`.

    Of each network's embedding the first ``dim / n`` columns are kept, which its training made
    an embedding of their own (a Matryoshka prefix).

    Raises
    ------
    UsageError
        Fewer than two networks, networks of different configurations or committees themselves,
        or a width that is none of their prefixes.
    """
    if len(networks) < 2:
        raise UsageError("a committee needs two encoders at least")
    one, n = networks[0].config, len(networks)
    if any(network.config != one for network in networks) or one.towers > 1:
        raise UsageError("a committee joins single encoders of one configuration; these differ")
    width = dim // n
    if width * n != dim or width not in one.matryoshka:
        widths = ", ".join(str(n * prefix) for prefix in one.matryoshka)
        raise UsageError(
            f"a committee of {n} cannot be {dim} wide, as {dim} / {n} is none of its encoders' "
            f"prefixes; set model.embedding_dim to one of {widths}"
        )
    prefixes = tuple(n * p for p in one.matryoshka if p <= width)
    whole = Committee(
        one.model_copy(update={"towers": n, "embedding_dim": dim, "matryoshka": prefixes})
    )
    for tower, network in zip(whole.towers, networks, strict=True):
        weights = {
            name: value[:width] if name.startswith("head.") else value
            for name, value in network.state_dict().items()
        }
        tower.load_state_dict(weights)
    return whole
