"""Embedded queries, and the scan of a library for them in one float32 product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.scoring.fusion import Fusion, fuse
from molsearch.scoring.recipe import Share

_FEW = 16  # columns, of which the two best are found faster one by one

Reduce = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class QuerySet:
    """Embedded queries.

    Attributes
    ----------
    vectors
        float32 ``[c, dim]``, one row a conformer.
    groups
        int64 ``[c]``: the query each conformer belongs to, ``0 .. n_queries - 1``.
    fusion
        Over queries.
    conformer_fusion
        Over the conformers of one query.
    """

    vectors: NDArray[np.float32]
    groups: NDArray[np.int64]
    fusion: Fusion = "max"
    conformer_fusion: Fusion = "mean"

    def __post_init__(self) -> None:
        """Refuse what cannot be scored."""
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.groups):
            raise ValueError("one group a query conformer, vectors [c, dim]")
        if len(self.groups) == 0 or set(self.groups.tolist()) != set(range(self.n_queries)):
            raise ValueError("every query needs at least one conformer")
        if not np.isfinite(self.vectors).all():
            raise ValueError("a query embedding is not finite")

    @property
    def n_queries(self) -> int:
        """Number of queries."""
        return int(self.groups.max()) + 1

    def only(self, query: int) -> QuerySet:
        """One of the queries by itself."""
        rows = self.groups == query
        groups = np.zeros(int(rows.sum()), dtype=np.int64)
        return QuerySet(self.vectors[rows], groups, self.fusion, self.conformer_fusion)

    def as_molecules(self) -> NDArray[np.float32]:
        """Embed queries as an index holds molecules: mean over conformers, of unit length."""
        means = np.stack([self.vectors[rows].mean(axis=0) for rows in self.members()])
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return np.asarray(means / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)

    def members(self) -> list[NDArray[np.int64]]:
        """Conformer rows of each query."""
        return [np.flatnonzero(self.groups == query) for query in range(self.n_queries)]


@dataclass(frozen=True)
class Against:
    """Known inactives whose nearness lowers a rank.

    Attributes
    ----------
    inactives
        Embedded molecules; the nearest one counts (fusion ``max``).
    weight
        The key of the ranking is the fused score less `weight` times the nearest one's score.
    """

    inactives: QuerySet
    weight: float

    def __post_init__(self) -> None:
        """Refuse another meaning than the nearest."""
        if self.inactives.fusion != "max":
            raise ValueError("the nearest inactive counts: fusion 'max'")


def per_query(scores: NDArray[np.float64], queries: QuerySet) -> NDArray[np.float64]:
    """Fuse conformer scores ``[n, c]`` into query scores ``[n, n_queries]``."""
    if len(queries.groups) == queries.n_queries == scores.shape[1]:
        # One conformer each: nothing to fuse, only columns to put in the order of the queries.
        return scores[:, np.argsort(queries.groups)]
    columns = [fuse(scores[:, rows], queries.conformer_fusion) for rows in queries.members()]
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Coarse:
    """The same fusion in float32, for the scan: a product with `matrix`, then `reduce`.

    Attributes
    ----------
    matrix
        float32 ``[dim, m]``.
    reduce
        From products ``[n, m]`` to scores ``[n, lists]``.
    shares
        What `reduce` does, one a list; None where conformers are fused before queries are.
    """

    matrix: torch.Tensor
    reduce: Reduce
    shares: tuple[Share, ...] | None = None


def coarse(queries: QuerySet, *, each: bool) -> Coarse:
    """Plan the scan; means are taken of vectors, before the product.

    Parameters
    ----------
    each
        One list a query, instead of one list in which the queries are fused.
    """
    vectors = queries.vectors.astype(np.float64)
    members = queries.members()
    reduce: Reduce = _unchanged
    if queries.conformer_fusion == "mean":
        vectors = np.stack([vectors[rows].mean(axis=0) for rows in members])
    elif len(vectors) > queries.n_queries:
        reduce = _by_query(members, queries.conformer_fusion)
    else:
        vectors = vectors[np.argsort(queries.groups)]
    shares = None
    if reduce is _unchanged:
        if not each and queries.fusion == "mean":
            vectors = vectors.mean(axis=0, keepdims=True)
        n = len(vectors)
        alone = tuple(Share(one, one + 1) for one in range(n))
        shares = alone if each else (Share(0, n, queries.fusion),)
    if not each and queries.n_queries > 1 and len(vectors) > 1:
        reduce = _then(reduce, queries.fusion)
    matrix = np.ascontiguousarray(vectors.T, dtype=np.float32)
    return Coarse(torch.from_numpy(matrix), reduce, shares)


def fuse_coarsely(scores: torch.Tensor, how: Fusion) -> torch.Tensor:
    """`molsearch.scoring.fusion.fuse` in float32 on any device: ``[n, c]`` to ``[n, 1]``."""
    if scores.shape[1] == 1:
        return scores
    if how == "max":
        return scores.amax(dim=1, keepdim=True)
    if how == "mean":
        return scores.mean(dim=1, keepdim=True)
    if scores.shape[1] > _FEW:
        return scores.topk(2, dim=1).values.mean(dim=1, keepdim=True)
    best, *others = scores.unbind(dim=1)
    second = None
    for column in others:
        lesser = torch.minimum(best, column)
        second = lesser if second is None else torch.maximum(second, lesser)
        best = torch.maximum(best, column)
    return (best if second is None else (best + second) / 2)[:, None]


def _unchanged(scores: torch.Tensor) -> torch.Tensor:
    return scores


def _by_query(members: list[NDArray[np.int64]], how: Fusion) -> Reduce:
    columns = [torch.from_numpy(rows) for rows in members]

    def reduce(scores: torch.Tensor) -> torch.Tensor:
        best = [fuse_coarsely(scores[:, rows.to(scores.device)], how) for rows in columns]
        return torch.cat(best, dim=1)

    return reduce


def _then(inner: Reduce, how: Fusion) -> Reduce:
    return lambda scores: fuse_coarsely(inner(scores), how)
