"""From atoms to one vector a molecule."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molsearch.nn.geometry import even_shells


class PairReadout(nn.Module):
    """How much of each kind of atom lies at each distance from each other kind.

    A learned, smooth version of 3D pharmacophore-pair fingerprints: atoms get soft memberships
    in `n_types` kinds on either side of a pair, and the Gaussian-smeared histogram of distances
    is read out per kind, ``log(1 + sum_ij a_ic g_r(d_ij) b_jc)``.

    Parameters
    ----------
    width
        Channels of an atom.
    n_types
        Pairs of kinds c.
    centres
        Distances r in Å, evenly spaced; the Gaussians overlap at half height.
    """

    def __init__(self, width: int, n_types: int, centres: list[float]) -> None:
        super().__init__()
        self.centres = centres
        self.spread = 0.6 * (centres[-1] - centres[0]) / max(len(centres) - 1, 1)
        self.first = nn.Linear(width, n_types)
        self.second = nn.Linear(width, n_types)
        self.out_width = n_types * len(centres)

    def forward(self, atoms: Tensor, distance: Tensor, mask: Tensor) -> Tensor:
        """Read out ``[B, n, d]`` atoms and ``[B, n, n]`` distances as ``[B, out_width]``."""
        there = mask[..., None]
        first = torch.sigmoid(self.first(atoms)) * there
        second = torch.sigmoid(self.second(atoms)) * there
        shells = []
        # One shell at a time: [B, n, n] stays in cache.
        for near, factor in even_shells(distance, self.centres, self.spread):
            shells.append((first * (near @ second)).sum(1) * factor)
        return torch.log1p(torch.stack(shells, 1)).flatten(1)


class AtomReadout(nn.Module):
    """Mean and gated sum of a molecule's atoms."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, width)
        self.out_width = 2 * width

    def forward(self, atoms: Tensor, mask: Tensor) -> Tensor:
        """Read out ``[B, n, d]`` atoms as ``[B, 2 d]``."""
        there = mask[..., None].to(atoms.dtype)
        n = there.sum(1)
        gated = (torch.sigmoid(self.gate(atoms)) * atoms * there).sum(1) / n.sqrt()
        return torch.cat([(atoms * there).sum(1) / n, gated], -1)
