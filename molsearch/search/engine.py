"""Exact search: one pass over the mapped shards in float32, the survivors scored in float64."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.reader import IndexReader
from molsearch.scoring.blend import Blend
from molsearch.scoring.plan import Plan, plan_of
from molsearch.scoring.queryset import Against, QuerySet, coarse
from molsearch.search.exact import Exact
from molsearch.search.pool import Pool

CHUNK_ROWS = 65_536
_FIRST_CHUNK_ROWS = 4096
_CHUNK_SCORES = 2**24
_CACHED_VALUES = 2**18  # 1 MiB of float32
# Stored embeddings have unit length, but for float16's rounding.
_LONGEST = 1.01

Excluded = Sequence[NDArray[np.bool_]]


@dataclass(frozen=True)
class Candidates:
    """Ranked rows of an index, best first.

    Attributes
    ----------
    shards, rows
        int64 ``[n]``: where each row stands.
    scores
        float64 ``[n]``: fused scores, by which they are ranked unless counter-examples lower
        the ranks.
    query_scores
        float64 ``[n, n_queries]``: cosines for each query.
    likeness
        float64 ``[n, n_queries]``: fingerprint similarities to each query, where they count;
        else ``[n, 0]``.
    """

    shards: NDArray[np.int64]
    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    query_scores: NDArray[np.float64]
    likeness: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, which: NDArray[np.integer]) -> Candidates:
        """Candidates by their places in this list."""
        return Candidates(
            self.shards[which],
            self.rows[which],
            self.scores[which],
            self.query_scores[which],
            self.likeness[which],
        )

    @classmethod
    def joined(cls, parts: Sequence[Candidates]) -> Candidates:
        """Join lists one after the other (at least one)."""
        return cls(
            np.concatenate([part.shards for part in parts]),
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.query_scores for part in parts]),
            np.concatenate([part.likeness for part in parts]),
        )


def search(
    reader: IndexReader,
    queries: QuerySet,
    k: int,
    *,
    device: torch.device | str = "cpu",
    blend: Blend | None = None,
    against: Against | None = None,
    excluded: Excluded | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> Candidates:
    """Find the k rows with the best fused scores.

    The result equals that of scoring every stored embedding (and fingerprint) in float64; equal
    scores are ordered by molecule_id, then by record number, also where the k-th and the next
    are equal.

    Parameters
    ----------
    k
        Rows wanted; all rows where it is larger than the library.
    blend
        Weights of cosines and stored fingerprints; the fused cosines alone by default.
    against
        Counter-examples: rows are ranked by ``score - weight * nearest counter-example's score``,
        exactly and over the whole library too.
    excluded
        For each shard, bool ``[rows]``: rows out of consideration.
    chunk_rows
        Rows scored at a time, which bounds the memory used; the result does not depend on it.

    Raises
    ------
    UsageError
        `k` is not positive, or the queries' dimension is not the index's.
    IndexCorruptError
        An embedding is not finite, or a file cannot be read.
    """
    blend = blend or Blend(fusion=queries.fusion)
    exact = _exact(reader, replace(queries, fusion=blend.fusion), k, against, blend)
    plan = plan_of(exact.queries, blend, against)
    pool = Pool(k, _error_of(queries, blend, against), exact)
    _scan(reader, plan, [pool], torch.device(device), excluded, chunk_rows)
    return _candidates(pool, exact)


def search_each(
    reader: IndexReader,
    queries: QuerySet,
    k: int,
    *,
    device: torch.device | str = "cpu",
    chunk_rows: int = CHUNK_ROWS,
) -> list[Candidates]:
    """Find the k best rows for each query by itself, in one pass over the library.

    The query scores of each list are those of its own query alone, ``[n, 1]``.
    """
    plan = Plan(coarse(queries, each=True))
    alone = [queries.only(query) for query in range(queries.n_queries)]
    exacts = [_exact(reader, one, k) for one in alone]
    pools = [Pool(k, _error(one), exact) for one, exact in zip(alone, exacts, strict=True)]
    _scan(reader, plan, pools, torch.device(device), None, chunk_rows)
    return [_candidates(pool, exact) for pool, exact in zip(pools, exacts, strict=True)]


def _exact(
    reader: IndexReader,
    queries: QuerySet,
    k: int,
    against: Against | None = None,
    blend: Blend | None = None,
) -> Exact:
    if k <= 0:
        raise UsageError(f"k is the number of hits wanted: it must be at least 1, not {k}")
    if queries.vectors.shape[1] != reader.dim:
        raise UsageError(
            f"queries have {queries.vectors.shape[1]} dimensions, the index {reader.dim}"
        )
    return Exact(reader, queries, against, blend)


def _error(queries: QuerySet) -> float:
    """Bound on the difference between a float32 score and the exact one.

    A sum of d products rounded to u = 2^-24 each differs by at most d·u·|x|·|q|, in whatever
    order it is summed; fusion by the mean adds one rounding a term. Twice that, for good measure.
    """
    longest = float(np.linalg.norm(queries.vectors.astype(np.float64), axis=1).max())
    terms = queries.vectors.shape[1] + len(queries.vectors) + 8
    return terms * 2.0**-23 * _LONGEST * max(longest, 1e-30)


def _more_error(against: Against, blend: Blend) -> float:
    """Bound on what counter-examples add to `_error`: their own, and two roundings of the key.

    The weight is rounded to float32, its product and the difference again.
    """
    largest = 1 + blend.most + against.weight
    return against.weight * _error(against.inactives) + largest * 2.0**-21


def _error_of(queries: QuerySet, blend: Blend, against: Against | None) -> float:
    """Bound on the difference between a coarse key of the ranking and the exact one."""
    if blend.is_plain:
        error = _error(queries)
    else:
        error = blend.embedding * _error(queries) + blend.rounding
    return error if against is None else error + _more_error(against, blend)


def _candidates(pool: Pool, exact: Exact) -> Candidates:
    rows, scores = pool.result()
    shards, places = exact.locate(rows)
    cosines, likeness, _ = exact.parts(scores)
    return Candidates(shards, places, exact.blend.fused(cosines, likeness), cosines, likeness)


def _scan(
    reader: IndexReader,
    plan: Plan,
    pools: list[Pool],
    device: torch.device,
    excluded: Excluded | None,
    chunk_rows: int,
) -> None:
    """Offer every row to the pools that it may belong to."""
    matrix = plan.matrix.to(device)
    offset = 0
    for shard, start, block in _chunks(reader, matrix.shape[1], chunk_rows):
        prints = None
        if plan.needs_fingerprints:
            prints = reader.checked_fingerprints(shard).rows(start, start + len(block))
        with _full_precision():
            scores = plan.finish(_scores(block, matrix, plan, device), prints)
        if not math.isfinite(float(scores.sum())):
            raise IndexCorruptError(
                f"shard {shard} of {reader.path} holds an embedding that is not finite; run: "
                f"molsearch verify {reader.path}"
            )
        if excluded is not None:
            out = torch.from_numpy(excluded[shard][start : start + len(block)])
            scores[out.to(device)] = -torch.inf
        _offer(scores, offset, pools)
        offset += len(block)


def _chunks(
    reader: IndexReader, width: int, chunk_rows: int
) -> Iterator[tuple[int, int, NDArray[np.floating]]]:
    """Yield shard, first row and mapped rows; small chunks first, which soon sets thresholds."""
    most = max(1, min(chunk_rows, _CHUNK_SCORES // width))
    size = min(most, _FIRST_CHUNK_ROWS)
    for shard in range(reader.n_shards):
        # Mapped anew for each shard: pages of the one before leave this process's memory.
        vectors = reader.checked_embeddings(shard)
        start = 0
        while start < len(vectors):
            yield shard, start, vectors.rows(start, start + size)
            start += size
            size = min(most, 2 * size)


def _scores(
    block: NDArray[np.floating], matrix: torch.Tensor, plan: Plan, device: torch.device
) -> torch.Tensor:
    """Reduced products ``[rows, ...]`` of a block of embeddings."""
    with warnings.catch_warnings():
        # Mapped read-only, and only read.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        mapped = torch.from_numpy(block)
    if device.type != "cpu":
        return plan.reduce(mapped.to(device).to(torch.float32) @ matrix)
    # Widened and multiplied while in the cache: five times faster than a chunk at once.
    step = max(1, _CACHED_VALUES // block.shape[1])
    wide = torch.empty(min(step, len(block)), block.shape[1])
    parts = []
    for first in range(0, len(block), step):
        some = mapped[first : first + step]
        parts.append(plan.reduce(wide[: len(some)].copy_(some) @ matrix))
    return torch.cat(parts)


def _offer(scores: torch.Tensor, offset: int, pools: list[Pool]) -> None:
    thresholds = torch.tensor([pool.threshold for pool in pools], device=scores.device)
    rows, lists = torch.nonzero(scores >= thresholds, as_tuple=True)
    if len(rows) == 0:
        return
    values = scores[rows, lists].cpu().numpy()
    places = rows.cpu().numpy() + offset
    owners = lists.cpu().numpy()
    for number in np.unique(owners):
        mine = owners == number
        pools[number].add(places[mine], values[mine])


@contextmanager
def _full_precision() -> Iterator[None]:
    """Keep float32 products in float32: the error bound does not hold for TF32 or bfloat16."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
