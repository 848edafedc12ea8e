"""How a library is scanned for a ranking: one product, fingerprints where they count, one sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.scoring.blend import Blend
from molsearch.scoring.queryset import Against, Coarse, QuerySet, coarse


@dataclass(frozen=True)
class ScanPlan:
    """A scan in float32.

    Attributes
    ----------
    cosines
        From embeddings to the fused cosine of each list.
    blend
        What fingerprints add to it; None where they do not count.
    against, near
        Known inactives, and from embeddings to the cosine of the nearest of them.
    """

    cosines: Coarse
    blend: Blend | None = None
    against: Against | None = None
    near: Coarse | None = None

    @property
    def matrix(self) -> torch.Tensor:
        """float32 ``[dim, m]``: what embeddings are multiplied with."""
        if self.near is None:
            return self.cosines.matrix
        return torch.cat([self.cosines.matrix, self.near.matrix], dim=1)

    @property
    def of_products(self) -> float:
        """How much an error of all products, at worst, becomes in the score.

        Fusions give none of them more than their shares of one; weights multiply.
        """
        of_queries = 1.0 if self.blend is None else self.blend.embedding
        return of_queries + (0.0 if self.against is None else self.against.weight)

    @property
    def needs_fingerprints(self) -> bool:
        """Whether `finish` reads the rows' fingerprints."""
        return self.blend is not None and self.blend.likeness is not None

    def reduce(self, products: torch.Tensor) -> torch.Tensor:
        """From products ``[n, m]`` to the cosine of each list, then the nearest inactive's."""
        if self.near is None:
            return self.cosines.reduce(products)
        width = self.cosines.matrix.shape[1]
        near = self.near.reduce(products[:, width:])
        return torch.cat([self.cosines.reduce(products[:, :width]), near], dim=1)

    def finish(
        self, reduced: torch.Tensor, prints: NDArray[np.uint8] | torch.Tensor | None
    ) -> torch.Tensor:
        """From what `reduce` gives, and fingerprints ``[n, n_bytes]``, to scores ``[n, lists]``.

        In place of fingerprints their similarities ``[n, n_queries]`` may be given, as a tensor.
        """
        near = None
        if self.against is not None:
            reduced, near = reduced[:, :-1], reduced[:, -1:]
        scores = reduced if self.blend is None else self.blend.coarse(reduced, prints)
        return scores if near is None else scores - self.against.weight * near  # type: ignore[union-attr]


def plan_of(queries: QuerySet, blend: Blend, against: Against | None) -> ScanPlan:
    """Plan the scan for one list in which the queries are fused."""
    near = None if against is None else coarse(against.inactives, each=False)
    return ScanPlan(coarse(queries, each=False), blend, against, near)
