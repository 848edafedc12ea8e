"""Distances, neighbours and pseudo-scalars of padded conformers, in plain torch.

Everything here depends on coordinates through differences alone (translation), and through
distances, inner products and triple products of unit vectors (rotation). Triple products
change sign under reflection, which is how mirror images stay apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

#: Distance given to pairs that do not exist (padding, an atom with itself), Å.
FAR = 1e4
_SHELLS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Padding:
    """Maps between B molecules laid end to end and a ``[B, n]`` grid.

    Attributes
    ----------
    index
        int64 ``[B, n]``: row of the flat arrays at each place of the grid (any row where empty).
    mask
        bool ``[B, n]``: which places hold an atom.
    """

    index: Tensor
    mask: Tensor

    def grid(self, flat: Tensor) -> Tensor:
        """Spread ``[N, ...]`` over the grid, zeros where empty: ``[B, n, ...]``."""
        spread = flat.index_select(0, self.index.flatten()).view(*self.index.shape, *flat.shape[1:])
        mask = self.mask.view(*self.mask.shape, *([1] * (flat.dim() - 1)))
        return spread * mask


def padding(ptr: Tensor, graphs: Tensor, least: int = 1) -> Padding:
    """Lay out the molecules `graphs` of a batch on a grid at least `least` wide.

    Parameters
    ----------
    ptr
        int64 ``[B + 1]``: first row of each molecule.
    graphs
        int64 ``[b]``: the molecules wanted.
    """
    first = ptr[graphs]
    sizes = ptr[graphs + 1] - first
    width = max(int(sizes.max()) if len(sizes) else 0, least)
    place = torch.arange(width, device=ptr.device)
    mask = place < sizes[:, None]
    return Padding(torch.where(mask, first[:, None] + place, first[:, None]), mask)


def distances(pos: Tensor, mask: Tensor) -> Tensor:
    """Return the distance matrix of each molecule, `FAR` on the diagonal and where padded.

    Parameters
    ----------
    pos
        float ``[B, n, 3]``, Å.
    mask
        bool ``[B, n]``.

    Returns
    -------
    Tensor
        float ``[B, n, n]``.
    """
    square = torch.zeros(pos.shape[0], pos.shape[1], pos.shape[1], device=pos.device)
    for axis in range(3):
        x = pos[..., axis]
        square = square + (x[:, :, None] - x[:, None, :]).square()
    real = mask[:, :, None] & mask[:, None, :]
    real = real & ~torch.eye(pos.shape[1], dtype=torch.bool, device=pos.device)
    return torch.where(real, (square + 1e-8).sqrt(), square.new_full((), FAR))


def path_distances(bonded: Tensor, mask: Tensor) -> Tensor:
    """Return lengths of shortest bond paths in place of distances, `FAR` where there is none.

    A control without geometry. A path of one bond counts as 1.45 Å and each further bond as
    1.2 Å more, about what stretched chains of drug-like molecules show.

    Parameters
    ----------
    bonded
        bool ``[B, n, n]``, symmetric.
    mask
        bool ``[B, n]``.

    Returns
    -------
    Tensor
        float ``[B, n, n]``.
    """
    n = bonded.shape[-1]
    step = bonded.float()
    seen = torch.eye(n, dtype=torch.bool, device=bonded.device).expand_as(bonded)
    frontier = seen
    found = torch.full(bonded.shape, FAR, device=bonded.device)
    for length in range(n - 1):
        frontier = (frontier.float() @ step > 0) & ~seen
        if not bool(frontier.any()):
            break
        found = found.masked_fill(frontier, 1.45 + 1.2 * length)
        seen = seen | frontier
    return found.masked_fill(~(mask[:, :, None] & mask[:, None, :]), FAR)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest atoms of each place of a ``[B, n]`` grid.

    Attributes
    ----------
    index
        int64 ``[B, n, k]``: place of the neighbour within its molecule.
    distance
        float ``[B, n, k]``, Å.
    envelope
        float ``[B, n, k]`` in [0, 1]: falls to zero at the distance of neighbour k + 1, so
        that no atom enters or leaves the neighbourhood with a jump (and ties do not matter).
    unit
        float ``[B, n, k, 3]``: unit vectors from the atom to its neighbours.
    """

    index: Tensor
    distance: Tensor
    envelope: Tensor
    unit: Tensor


def nearest(pos: Tensor, distance: Tensor, k: int) -> Neighbours:
    """Find the k nearest atoms; the grid must be at least ``k + 2`` wide.

    Parameters
    ----------
    pos
        float ``[B, n, 3]``.
    distance
        float ``[B, n, n]`` from :func:`distances`.
    """
    near, index = distance.topk(k + 1, dim=-1, largest=False, sorted=True)
    reach = near[..., -1:]
    near, index = near[..., :-1], index[..., :-1].contiguous()
    there = near < FAR
    envelope = (1 - (near / reach).pow(6)).square() * there
    n_molecules, n = pos.shape[:2]
    flat = (index + torch.arange(n_molecules, device=pos.device)[:, None, None] * n).flatten()
    other = pos.reshape(-1, 3).index_select(0, flat).view(*index.shape, 3)
    unit = (other - pos[:, :, None]) / near[..., None] * there[..., None]
    return Neighbours(index, near, envelope, unit)


def radial(distance: Tensor, centres: Tensor, width: float) -> Tensor:
    """Expand distances in Gaussians: ``[...] -> [..., R]``, with centres and width in Å."""
    return torch.exp(-((distance[..., None] - centres) / width).square())


def even_shells(
    distance: Tensor, centres: Sequence[float], width: float
) -> Iterator[tuple[Tensor, float]]:
    """Yield the Gaussian of every centre, as :func:`radial` has it, and a factor it lacks.

    With evenly spaced centres one Gaussian follows from the one before by a product, for
    ``exp(-(t - s)^2) = exp(-t^2) exp(2 s t) exp(-s^2)``: two exponentials serve four centres. The
    last factor is a number, which the caller multiplies into something smaller.

    Parameters
    ----------
    distance
        float ``[...]``, Å.
    centres, width
        Å; the step between centres is at most twice the width.
    """
    step = (centres[1] - centres[0]) / width if len(centres) > 1 else 0.0
    scaled = (distance - centres[0]) / width
    for place in range(len(centres)):
        above = place % _SHELLS_AT_ONCE
        if above == 0:
            # Beyond 20 widths all four are zero; the bound keeps their ratio finite.
            offset = (scaled - place * step).clamp(max=20.0)
            near, ratio = torch.exp(-offset * offset), torch.exp(2 * step * offset)
        else:
            near = near * ratio
        yield near, math.exp(-((above * step) ** 2))


def pseudo_scalars(vectors: Tensor) -> Tensor:
    """Invariants of C vectors an atom, the last third odd under reflection.

    Parameters
    ----------
    vectors
        float ``[A, 3, C]``: the channels lie side by side, which products of them want.

    Returns
    -------
    Tensor
        float ``[A, 3 C]``: lengths, then inner products of successive vectors and triple
        products of three successive vectors, both of vectors brought to common size.
    """
    length = vectors.square().sum(1)
    # Products of three small numbers would vanish beside the rest: divide by the root mean
    # square length of the atom's vectors, an invariant. The floor keeps zero vectors zero.
    scaled = vectors * (length.mean(-1, keepdim=True) + 1e-4).rsqrt()[:, None]
    x, y, z = scaled.unbind(1)
    x2, y2, z2 = scaled.roll(-1, -1).unbind(1)
    x3, y3, z3 = scaled.roll(-2, -1).unbind(1)
    inner = x * x2 + y * y2 + z * z2
    triple = x * (y2 * z3 - z2 * y3) + y * (z2 * x3 - x2 * z3) + z * (x2 * y3 - y2 * x3)
    return torch.cat([(length + 1e-8).sqrt(), _squash(inner), _squash(triple)], -1)


def _squash(x: Tensor) -> Tensor:
    return x / (1 + x.abs())
