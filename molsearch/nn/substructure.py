"""The substructure branch: a vector for each circular environment, summed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_MIX = 0x9E3779B1  # odd constant of Fibonacci hashing


class EnvironmentEmbedding(nn.Module):
    """Looks up the circular environments of each atom in one table of vectors.

    Atoms get the sum over their own environments; a molecule's substructure vector is the sum
    over its atoms. So the 3D graph and the bag of substructures read the same table.

    A bucket that occurs c times in a molecule weighs c^-1/2 each time: between presence
    (c^-1) and count (1).

    Parameters
    ----------
    n_buckets
        Size of the hash space; one more row stands for "no environment".
    width
        Channels of a vector.
    drop
        Share of a molecule's distinct environments left out while training.
    """

    def __init__(self, n_buckets: int, width: int, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.n_buckets = n_buckets
        self.table = nn.EmbeddingBag(n_buckets + 1, width, mode="sum", padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.1)
        with torch.no_grad():
            self.table.weight[0] = 0.0

    def weights(self, environments: Tensor, batch: Tensor) -> Tensor:
        """Return the weight of each environment, float ``[N, 3]``; 0 for none or dropped."""
        key = batch[:, None] * (self.n_buckets + 1) + environments
        _, inverse, count = torch.unique(key, return_inverse=True, return_counts=True)
        weight = count.to(torch.float32).rsqrt()[inverse]
        if self.training and self.drop > 0:
            # One draw per molecule and bucket, so that a dropped environment is gone from
            # every atom that has it.
            keep = torch.rand(len(count), device=key.device) >= self.drop
            weight = weight * keep[inverse] / (1 - self.drop)
        return weight * (environments > 0)

    def forward(self, environments: Tensor, batch: Tensor) -> Tensor:
        """Return the summed environment vectors of each atom, float ``[N, width]``.

        Parameters
        ----------
        environments
            integer ``[N, 3]``.
        batch
            int64 ``[N]``: molecule of each atom.
        """
        weight = self.weights(environments, batch)
        atoms: Tensor = self.table(environments, per_sample_weights=weight)
        return atoms
