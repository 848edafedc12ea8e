"""Embeddings and fingerprints in one ranking: exact scores, and coarse ones with their error."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.chem.likeness import TANIMOTO_ERROR, TanimotoScan
from molsearch.index.rarity import MOST, Reference
from molsearch.scoring.fusion import Fusion, fuse
from molsearch.scoring.queryset import fuse_coarsely

_UNIT = 2.0**-24  # relative rounding of float32


@dataclass(frozen=True)
class Likeness:
    """Fingerprints of the queries, as a component of what ranks.

    Attributes
    ----------
    packed
        uint8 ``[n_queries, n_bytes]``, in the order of the queries.
    weight
        What their fused Tanimoto similarity is multiplied by.
    fusion
        Over queries.
    """

    packed: NDArray[np.uint8]
    weight: float
    fusion: Fusion = "max"

    def scores(self, prints: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Tanimoto similarity ``[n, n_queries]`` of fingerprints ``[n, n_bytes]``, exactly."""
        return np.ascontiguousarray(tanimoto_matrix(self.packed, prints).T)

    @cached_property
    def scan(self) -> TanimotoScan:
        """The same in float32, ten times as fast, and wrong by `TANIMOTO_ERROR` at most."""
        return TanimotoScan(self.packed)


@dataclass(frozen=True)
class Rarity:
    """How rare a molecule's like is, as a component of what ranks: the same for every query.

    Attributes
    ----------
    reference
        Compounds among which it is told.
    weight
        What it is multiplied by.
    """

    reference: Reference
    weight: float = 1.0


@dataclass(frozen=True)
class Blend:
    """What a library is ranked by: similarities as they are, times fixed weights, added.

    Attributes
    ----------
    embedding
        Weight of the fused cosine similarity of embeddings; 0 leaves it out.
    fusion
        Of the cosines, over queries.
    likeness
        Fingerprints that count too, or None.
    rarity
        How much a molecule's rarity counts, or None.
    """

    embedding: float = 1.0
    fusion: Fusion = "max"
    likeness: Likeness | None = None
    rarity: Rarity | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the cosine alone ranks."""
        return self.likeness is None and self.rarity is None and self.embedding == 1.0

    @property
    def most(self) -> float:
        """Score that no molecule exceeds."""
        most = self.embedding + (0.0 if self.likeness is None else self.likeness.weight)
        return most + (0.0 if self.rarity is None else MOST * self.rarity.weight)

    def fused(
        self,
        cosines: NDArray[np.float64],
        likeness: NDArray[np.float64],
        rarity: NDArray[np.floating] | None = None,
    ) -> NDArray[np.float64]:
        """Add the fused components: ``[n, n_queries]`` of each kind, rarity ``[n, 1]``, to ``[n]``.

        A component that does not count may be without columns. The order of operations is the
        same for every row: equal rows have equal scores.
        """
        total = fuse(cosines, self.fusion)
        if not self.is_plain:
            total = self.embedding * total
        if self.likeness is not None:
            total = total + self.likeness.weight * fuse(likeness, self.likeness.fusion)
        if self.rarity is not None:
            assert rarity is not None
            total = total + self.rarity.weight * rarity[:, 0].astype(np.float64)
        return np.asarray(total)

    def of_each(
        self, cosines: NDArray[np.float64], likeness: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Similarity ``[n, n_queries]`` to each query by itself; rarity is the same for all."""
        total = self.embedding * cosines
        if self.likeness is None:
            return total
        return total + self.likeness.weight * likeness

    def coarse(
        self,
        cosines: torch.Tensor,
        prints: NDArray[np.uint8] | torch.Tensor | None,
        rarity: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Add to fused float32 cosines ``[n, 1]`` what fingerprints and rarity of the rows bring.

        Parameters
        ----------
        prints
            uint8 ``[n, n_bytes]``; or a tensor of similarities ``[n, n_queries]`` that were
            computed where the cosines are, no more than `TANIMOTO_ERROR` wrong.
        rarity
            float32 ``[n, 1]``, where the cosines are.
        """
        if self.is_plain:
            return cosines
        total = self.embedding * cosines
        if self.likeness is not None:
            assert prints is not None
            similar = prints
            if not isinstance(similar, torch.Tensor):
                similar = torch.from_numpy(self.likeness.scan(similar))
            total = total + self.likeness.weight * fuse_coarsely(similar, self.likeness.fusion)
        if self.rarity is not None:
            assert rarity is not None
            total = total + self.rarity.weight * rarity
        return total

    @cached_property
    def rounding(self) -> float:
        """Bound on what `coarse` adds to the error of the cosines it is given.

        A similarity comes with its own error and lies below 1, its fusion adds a rounding a query,
        and products and sum are rounded again at most at the size of the largest score. Twice that.
        """
        sums = 16 * _UNIT * (self.most + 1)
        if self.likeness is None:
            return sums
        n_queries = len(self.likeness.packed)
        return sums + self.likeness.weight * (TANIMOTO_ERROR + 2 * _UNIT * (n_queries + 4))
