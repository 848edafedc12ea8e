"""The substructure branch: a vector for each substructure, summed."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SubstructureEmbedding(nn.Module):
    """Looks up substructures in one table of vectors.

    A molecule gets the sum over its bag of circular environments, topological torsions and
    atom pairs; an atom the sum over its own environments, from the same rows, so that the 3D
    graph and the bag read one table.

    A substructure that occurs c times in a molecule weighs c^1/2 in its sum: between presence
    (1) and count (c).

    Parameters
    ----------
    n_rows
        Rows of the table; row 0 stands for "none".
    width
        Channels of a vector.
    drop
        Share of a molecule's distinct substructures left out while training.
    """

    def __init__(self, n_rows: int, width: int, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.table = nn.EmbeddingBag(n_rows, width, mode="sum", padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.1)
        with torch.no_grad():
            self.table.weight[0] = 0.0

    def forward(self, bag: Tensor, counts: Tensor, ptr: Tensor) -> Tensor:
        """Return the substructure vectors of molecules, float ``[B, width]``.

        Parameters
        ----------
        bag, counts
            integer and float ``[K]``: distinct substructures of each molecule, and how often.
        ptr
            int64 ``[B + 1]``: where each molecule's begin.
        """
        weight = self._kept(counts.sqrt())
        # Offsets of the indices' own type: the product is otherwise converted at each call.
        offsets = ptr[:-1].to(bag.dtype)
        if not self.training:
            # Row 0 is zero and no bag holds it. Without a row to leave out torch takes a kernel
            # that is three times as fast; sums differ by their last bit.
            return nn.functional.embedding_bag(
                bag, self.table.weight, offsets, mode="sum", per_sample_weights=weight
            )
        vectors: Tensor = self.table(bag, offsets, per_sample_weights=weight)
        return vectors

    def atoms(self, environments: Tensor, batch: Tensor) -> Tensor:
        """Return the summed environment vectors of each atom, float ``[N, width]``.

        Parameters
        ----------
        environments
            integer ``[N, 3]``; 0 is none.
        batch
            int64 ``[N]``: molecule of each atom.
        """
        key = batch[:, None] * self.table.num_embeddings + environments
        _, inverse, count = torch.unique(key, return_inverse=True, return_counts=True)
        # One draw per molecule and environment: a dropped one is gone from every atom.
        weight = self._kept(count.to(torch.float32).rsqrt())[inverse]
        found: Tensor = self.table(environments, per_sample_weights=weight * (environments > 0))
        return found

    def _kept(self, weight: Tensor) -> Tensor:
        if not self.training or self.drop == 0:
            return weight
        keep = torch.rand(len(weight), device=weight.device) >= self.drop
        return weight * keep / (1 - self.drop)
