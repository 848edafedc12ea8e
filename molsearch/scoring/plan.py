"""How a library is scanned for a ranking: one product, fingerprints where they count, one sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.chem.likeness import TanimotoScan
from molsearch.index.rarity import Reference
from molsearch.scoring.blend import Blend
from molsearch.scoring.queryset import Against, Coarse, QuerySet, coarse, fuse_coarsely
from molsearch.scoring.recipe import Recipe, Share


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

    @property
    def reference(self) -> Reference | None:
        """Compounds by which `finish` is told the rows' rarity; None where that does not count."""
        return (
            None if self.blend is None or self.blend.rarity is None else self.blend.rarity.reference
        )

    @property
    def known(self) -> NDArray[np.uint8]:
        """uint8 ``[p, n_bytes]``: fingerprints that rows are compared with; ``[0, 0]`` if none."""
        if self.blend is None or self.blend.likeness is None:
            return np.empty((0, 0), np.uint8)
        return self.blend.likeness.packed

    @property
    def recipes(self) -> tuple[Recipe, ...] | None:
        """What `reduce` and `finish` do, one a list; None where no recipe says it."""
        inactives, weight = None, 0.0
        if self.against is not None and self.near is not None:
            if self.near.shares is None:
                return None
            inactives = self.near.shares[0].after(self.cosines.matrix.shape[1])
            weight = self.against.weight
        shares = self.cosines.shares
        if shares is None:
            return None
        made = _made_of(shares, [self.blend or Blend()] * len(shares))
        return tuple(replace(one, inactives=inactives, of_inactives=weight) for one in made)

    def reduce(self, products: torch.Tensor) -> torch.Tensor:
        """From products ``[n, m]`` to the cosine of each list, then the nearest inactive's."""
        if self.near is None:
            return self.cosines.reduce(products)
        width = self.cosines.matrix.shape[1]
        near = self.near.reduce(products[:, width:])
        return torch.cat([self.cosines.reduce(products[:, :width]), near], dim=1)

    def finish(
        self,
        reduced: torch.Tensor,
        prints: NDArray[np.uint8] | torch.Tensor | None,
        rarity: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """From what `reduce` gives, and what else is known of the rows, to scores ``[n, lists]``.

        Parameters
        ----------
        prints
            Fingerprints ``[n, n_bytes]``; in their place their similarities ``[n, n_queries]`` may
            be given, as a tensor.
        rarity
            float32 ``[n, 1]``.
        """
        near = None
        if self.against is not None:
            reduced, near = reduced[:, :-1], reduced[:, -1:]
        scores = reduced if self.blend is None else self.blend.coarse(reduced, prints, rarity)
        return scores if near is None else scores - self.against.weight * near  # type: ignore[union-attr]


def _made_of(shares: Sequence[Share], blends: Sequence[Blend]) -> Iterator[Recipe]:
    """Say how each list is made; the fingerprints of one stand behind those of the one before."""
    n_known = 0
    for share, blend in zip(shares, blends, strict=True):
        likeness, of_likeness, of_rarity = None, 0.0, 0.0
        if blend.likeness is not None:
            last = n_known + len(blend.likeness.packed)
            likeness = Share(n_known, last, blend.likeness.fusion)
            of_likeness, n_known = blend.likeness.weight, last
        if blend.rarity is not None:
            of_rarity = blend.rarity.weight
        yield Recipe(share, blend.embedding, likeness, of_likeness, of_rarity=of_rarity)


def plan_of(queries: QuerySet, blend: Blend, against: Against | None) -> ScanPlan:
    """Plan the scan for one list in which the queries are fused."""
    near = None if against is None else coarse(against.inactives, each=False)
    return ScanPlan(coarse(queries, each=False), blend, against, near)


@dataclass(frozen=True)
class SharedPlan(ScanPlan):
    """A scan for several lists, each with queries and a blend of its own.

    Attributes
    ----------
    blends
        One a list.
    """

    blends: tuple[Blend, ...] = ()

    @property
    def of_products(self) -> float:
        """See `ScanPlan.of_products`; the largest of the lists' holds for all of them."""
        return max(blend.embedding for blend in self.blends)

    @property
    def needs_fingerprints(self) -> bool:
        """See `ScanPlan.needs_fingerprints`."""
        return any(blend.likeness is not None for blend in self.blends)

    @property
    def reference(self) -> Reference | None:
        """See `ScanPlan.reference`; all lists are of one encoder."""
        known = (one.rarity.reference for one in self.blends if one.rarity is not None)
        return next(known, None)

    @property
    def known(self) -> NDArray[np.uint8]:
        """See `ScanPlan.known`; those of one list behind those of the one before."""
        packed = [blend.likeness.packed for blend in self.blends if blend.likeness is not None]
        return np.concatenate(packed) if packed else np.empty((0, 0), np.uint8)

    @property
    def recipes(self) -> tuple[Recipe, ...] | None:
        """See `ScanPlan.recipes`."""
        shares = self.cosines.shares
        return None if shares is None else tuple(_made_of(shares, self.blends))

    def finish(
        self,
        reduced: torch.Tensor,
        prints: NDArray[np.uint8] | torch.Tensor | None,
        rarity: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """See `ScanPlan.finish`; the same products and sum as `Blend.coarse`, a list a column."""
        scores = self._embedding * reduced
        if self.needs_fingerprints:
            assert isinstance(prints, np.ndarray)
            scores = scores + self._likeness * self._similar(prints)
        return scores if rarity is None else scores + self._rarity * rarity

    def _similar(self, prints: NDArray[np.uint8]) -> torch.Tensor:
        """Fused similarity ``[n, lists]``; 0 in lists for which fingerprints do not count."""
        found = torch.from_numpy(self._scan(prints))
        if all(b.likeness is not None and len(b.likeness.packed) == 1 for b in self.blends):
            return found
        columns, first = [], 0
        for blend in self.blends:
            if blend.likeness is None:
                columns.append(torch.zeros(len(found), 1))
                continue
            last = first + len(blend.likeness.packed)
            columns.append(fuse_coarsely(found[:, first:last], blend.likeness.fusion))
            first = last
        return torch.cat(columns, dim=1)

    @cached_property
    def _scan(self) -> TanimotoScan:
        return TanimotoScan(self.known)

    @cached_property
    def _embedding(self) -> torch.Tensor:
        return torch.tensor([blend.embedding for blend in self.blends], dtype=torch.float32)

    @cached_property
    def _rarity(self) -> torch.Tensor:
        weights = [0.0 if b.rarity is None else b.rarity.weight for b in self.blends]
        return torch.tensor(weights, dtype=torch.float32)

    @cached_property
    def _likeness(self) -> torch.Tensor:
        weights = [0.0 if b.likeness is None else b.likeness.weight for b in self.blends]
        return torch.tensor(weights, dtype=torch.float32)


def shared_plan(queries: Sequence[QuerySet], blends: Sequence[Blend]) -> SharedPlan:
    """Plan one scan for several lists; each fuses its own queries."""
    each = [coarse(one, each=False) for one in queries]
    ends = np.cumsum([one.matrix.shape[1] for one in each]).tolist()

    def reduce(products: torch.Tensor) -> torch.Tensor:
        if ends[-1] == len(each):
            return products
        firsts = [0, *ends]
        columns = [
            one.reduce(products[:, first:last])
            for one, first, last in zip(each, firsts, ends, strict=False)
        ]
        return torch.cat(columns, dim=1)

    matrix = torch.cat([one.matrix for one in each], dim=1)
    shares = tuple(
        share.after(first)
        for one, first in zip(each, [0, *ends], strict=False)
        for share in one.shares or ()
    )
    whole = shares if len(shares) == len(each) else None
    return SharedPlan(Coarse(matrix, reduce, whole), blends=tuple(blends))
