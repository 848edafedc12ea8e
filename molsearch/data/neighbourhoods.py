"""Structured batches: anchors with some of their nearest molecules, so that labels tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.chem.fingerprints import unit_bits
from molsearch.losses.products import times_transposed

_STREAM = 2  # apart from the draws of pairs and of unlabelled molecules
_BLOCK = 1024
SKETCH = 256  # dimensions of a fingerprint that neighbours are sought by


def nearest(vectors: NDArray[np.float32], k: int) -> NDArray[np.int32]:
    """Return for each row the k others of largest inner product, int32 ``[n, k]``, best first."""
    rows = torch.from_numpy(vectors)
    k = min(k, len(rows) - 1)
    found = np.empty((len(rows), k), np.int32)
    for first in range(0, len(rows), _BLOCK):
        block = times_transposed(rows[first : first + _BLOCK], rows)
        own = torch.arange(len(block))
        block[own, first + own] = -torch.inf
        found[first : first + len(block)] = block.topk(k, dim=1).indices.int().numpy()
    return found


def sketched(prints: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Project packed fingerprints at random to `SKETCH` dimensions, float32 ``[n, SKETCH]``.

    Inner products are about the fingerprints' cosine (common bits over the root of the product of
    both counts), to a twentieth or so: near enough to seek neighbours by, beside embeddings and by
    the same products.

    References
    ----------
    .. [1] Johnson, Lindenstrauss 1984, Extensions of Lipschitz mappings into a Hilbert space
    """
    n_bits = 8 * prints.shape[1]
    generator = np.random.default_rng(0)
    projection = generator.standard_normal((n_bits, SKETCH), np.float32) / np.float32(SKETCH**0.5)
    found = np.empty((len(prints), SKETCH), np.float32)
    for first in range(0, len(prints), _BLOCK):
        block = slice(first, first + _BLOCK)
        found[block] = unit_bits(prints[block]) @ projection
    return found


@dataclass(frozen=True, slots=True)
class Neighbourhoods:
    """Draws anchors and companions among each one's nearest.

    In a batch drawn at random hardly two molecules have anything to do with each other, and
    soft labels tell nothing but generic chemistry.

    Attributes
    ----------
    near
        int32 ``[n, k]``: nearest molecules of each.
    is_labelled
        bool ``[n]``: half of the anchors are drawn from either kind, where there are both.
    anchors, companions
        Anchors a step, and companions of each.
    seed
        The draw of a step depends on it and the step alone.
    """

    near: NDArray[np.int32]
    is_labelled: NDArray[np.bool_]
    anchors: int
    companions: int
    seed: int

    def draw(self, step: int) -> NDArray[np.int64]:
        """Return the distinct molecules of a step, ascending."""
        random = np.random.default_rng([self.seed, _STREAM, step])
        kinds = [np.flatnonzero(kind) for kind in (self.is_labelled, ~self.is_labelled)]
        there = [kind for kind in kinds if len(kind)]
        share = [len(part) for part in np.array_split(np.arange(self.anchors), len(there))]
        drawn = [
            random.choice(kind, min(n, len(kind)), replace=False)
            for kind, n in zip(there, share, strict=True)
        ]
        anchors = np.concatenate(drawn)
        places = random.random((len(anchors), self.near.shape[1])).argsort(1)
        chosen = np.take_along_axis(self.near[anchors], places[:, : self.companions], 1)
        return np.unique(np.concatenate([anchors, chosen.ravel()])).astype(np.int64)
