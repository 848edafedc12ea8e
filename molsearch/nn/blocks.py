"""Message passing over nearest neighbours, gathered by index: no scatter, no ragged lists."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molsearch.nn.geometry import pseudo_scalars


class NeighbourConvolution(nn.Module):
    """Continuous-filter convolution over the k nearest atoms, with oriented channels.

    The messages are SchNet's (Schütt et al. 2017, eq. 2): a filter made of distance and bond
    multiplies the neighbour's vector. The first `n_vectors` message channels also carry the
    direction to the neighbour; their invariants bring angles and handedness into the update.

    Parameters
    ----------
    width
        Channels d of an atom.
    edge_width
        Channels E of an edge.
    n_vectors
        Directed channels C.
    """

    def __init__(self, width: int, edge_width: int, n_vectors: int, dropout: float) -> None:
        super().__init__()
        self.n_vectors = n_vectors
        self.norm = nn.LayerNorm(width)
        self.source = nn.Linear(width, width, bias=False)
        self.filter = nn.Linear(edge_width, width, bias=False)
        self.update = nn.Sequential(
            nn.Linear(2 * width + 3 * n_vectors, width),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
        )

    def forward(self, atoms: Tensor, neighbour: Tensor, edges: Tensor, unit: Tensor) -> Tensor:
        """Update atoms.

        Parameters
        ----------
        atoms
            float ``[A, d]``.
        neighbour
            int64 ``[A * k]``: rows of `atoms`.
        edges
            float ``[A, k, E]``, already multiplied by the envelope.
        unit
            float ``[A, k, 3]``.

        Returns
        -------
        Tensor
            float ``[A, d]``.
        """
        n, k = edges.shape[:2]
        normed = self.norm(atoms)
        sent = self.source(normed).index_select(0, neighbour).view(n, k, -1)
        messages = sent * self.filter(edges)
        # [A, 3, k] @ [A, k, C]: sums of directions weighted by the first C channels.
        vectors = unit.transpose(1, 2) @ messages[..., : self.n_vectors]
        parts = [normed, messages.sum(1), pseudo_scalars(vectors)]
        updated: Tensor = atoms + self.update(torch.cat(parts, -1))
        return updated


class PairBiasBlock(nn.Module):
    """Pre-norm self-attention with a learned bias of each pair of atoms, then a wide MLP.

    After Uni-Mol (Zhou et al. 2023, eq. 2-3), with a bias of its own per layer in place of a
    pair representation updated from layer to layer.

    Parameters
    ----------
    width
        Channels d of an atom, a multiple of `n_heads`.
    pair_width
        Channels P of a pair.
    """

    def __init__(self, width: int, n_heads: int, pair_width: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.dropout = dropout
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.bias = nn.Linear(pair_width, n_heads)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, width),
        )

    def forward(self, atoms: Tensor, pairs: Tensor, mask: Tensor) -> Tensor:
        """Update atoms.

        Parameters
        ----------
        atoms
            float ``[B, n, d]``.
        pairs
            float ``[B, n, n, P]``.
        mask
            bool ``[B, n]``: which places hold an atom.
        """
        n_molecules, n, width = atoms.shape
        heads = (n_molecules, n, 3, self.n_heads, width // self.n_heads)
        query, key, value = self.project(self.norm(atoms)).view(heads).permute(2, 0, 3, 1, 4)
        bias = self.bias(pairs).permute(0, 3, 1, 2)
        bias = bias.masked_fill(~mask[:, None, None, :], -1e4)
        mixed = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=bias, dropout_p=self.dropout if self.training else 0.0
        )
        atoms = atoms + self.out(mixed.transpose(1, 2).reshape(n_molecules, n, width))
        updated: Tensor = atoms + self.mlp(atoms)
        return updated
