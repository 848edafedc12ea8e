"""Float64 scores of stored embeddings, and the order of equal ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.index.rarity import rarity_rows
from molsearch.index.reader import IndexReader
from molsearch.scoring.blend import Blend
from molsearch.scoring.queryset import Against, QuerySet, per_query
from molsearch.search.threads import together
from molsearch.search.ties import in_order

_ROWS_AT_ONCE = 4096
_FEW = 8  # vectors
_CACHED_ROWS = 128
_VALUES_AT_ONCE = 2**22  # 32 MiB of float64


class Exact:
    """Scores and ranks rows of an index exactly.

    Rows are named by their position over all shards.

    Parameters
    ----------
    against
        Known inactives that lower the key by which rows are ranked.
    blend
        What is added to the fused cosines, and with which weights; they alone by default.
    """

    def __init__(
        self,
        reader: IndexReader,
        queries: QuerySet,
        against: Against | None = None,
        blend: Blend | None = None,
    ) -> None:
        self.reader = reader
        self.queries = queries
        self.against = against
        self.blend = blend or Blend(fusion=queries.fusion)
        sets = [queries] if against is None else [queries, against.inactives]
        self._vectors = np.concatenate([one.vectors for one in sets]).astype(np.float64)

    def locate(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Shard of each row, and its place within the shard."""
        return self.reader.locate(rows)

    def position(self, shards: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows by their shards and their places within them."""
        return self.reader.starts[shards] + places

    def scores(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Scores ``[n, n_queries]`` of `rows` for each query.

        Where fingerprints count as many columns follow: their similarity to each query. Where
        rarity counts one more, and with inactives another: the score for the nearest of them.
        """
        n_queries = self.queries.n_queries
        likeness = self.likeness(rows)
        result = np.empty((len(rows), n_queries + (self.against is not None)))

        def score(shard: int, some: NDArray[np.int64], places: NDArray[np.int64]) -> None:
            products = self._multiplied(shard, places)
            of_queries = products[:, : len(self.queries.vectors)]
            result[some, :n_queries] = per_query(of_queries, self.queries)
            if self.against is not None:
                others = products[:, len(self.queries.vectors) :]
                result[some, n_queries] = per_query(others, self.against.inactives).max(axis=1)

        together(score, list(self._pieces(rows)), torch.get_num_threads())
        others = [likeness, self.rarity(rows), result[:, n_queries:]]
        return np.concatenate([result[:, :n_queries], *others], axis=1)

    def rarity(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Rarity ``[n, 1]`` of `rows`; ``[n, 0]`` where it does not count."""
        if self.blend.rarity is None:
            return np.empty((len(rows), 0))
        kept = rarity_rows(self.reader, self.blend.rarity.reference)
        result = np.empty((len(rows), 1))
        for shard, some, places in self._pieces(rows):
            result[some] = kept.of(shard).take(places)
        return result

    def likeness(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Fingerprint similarity ``[n, n_queries]`` of `rows`; ``[n, 0]`` where none counts."""
        if self.blend.likeness is None:
            return np.empty((len(rows), 0))
        result = np.empty((len(rows), self.queries.n_queries))
        for shard, some, places in self._pieces(rows):
            prints = self.reader.checked_fingerprints(shard).take(places)
            result[some] = self.blend.likeness.scores(prints)
        return result

    def parts(
        self, scores: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Take what `scores` gives apart: cosines, similarities, rarity, nearest inactive."""
        n_queries = self.queries.n_queries
        n_likeness = 0 if self.blend.likeness is None else n_queries
        n_rarity = 0 if self.blend.rarity is None else 1
        ends = np.cumsum([n_queries, n_likeness, n_rarity])
        return tuple(np.split(scores, ends, axis=1))  # type: ignore[return-value]

    def nearest(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Query with the best score for each row, the first of equal ones, and that score.

        Holds little at a time, however many the queries are.
        """
        number = np.empty(len(rows), dtype=np.int64)
        best = np.empty(len(rows))
        for shard, some, places in self._pieces(rows):
            products = self._multiplied(shard, places)
            scores = per_query(products[:, : len(self.queries.vectors)], self.queries)
            number[some] = scores.argmax(axis=1)
            best[some] = scores.max(axis=1)
        return number, best

    def _pieces(
        self, rows: NDArray[np.int64]
    ) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """Yield shards, places in `rows`, some at a time, and what these are within the shard."""
        step = max(1, min(_ROWS_AT_ONCE, _VALUES_AT_ONCE // len(self._vectors)))
        shards, places = self.locate(rows)
        order = np.argsort(rows, kind="stable")
        for shard in np.unique(shards):
            mine = order[shards[order] == shard]
            for first in range(0, len(mine), step):
                some = mine[first : first + step]
                yield int(shard), some, places[some]

    def _multiplied(self, shard: int, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Products ``[n, c]`` of some rows of a shard."""
        return dot(self.reader.checked_embeddings(shard).take(places), self._vectors)

    def keys(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Reduce what `scores` gives to the keys ``[n]`` by which rows are ranked."""
        cosines, likeness, rarity, near = self.parts(scores)
        fused = self.blend.fused(cosines, likeness, rarity)
        return fused if self.against is None else fused - self.against.weight * near[:, 0]

    def best(
        self, rows: NDArray[np.int64], scores: NDArray[np.float64], k: int
    ) -> NDArray[np.int64]:
        """Pick the indices of the `k` best of `rows`, best first.

        Equal scores are ordered by molecule_id, then by record number (`molsearch.search.ties`).
        """
        if len(rows) > k:
            least = np.partition(scores, len(scores) - k)[len(scores) - k]
            keep = np.flatnonzero(scores >= least)
        else:
            keep = np.arange(len(rows))
        return keep[in_order(self.reader, *self.locate(rows[keep]), scores[keep], k)]


def dot(block: NDArray[np.floating], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products ``[n, c]`` of rows ``[n, dim]`` with float64 `vectors` ``[c, dim]``.

    Summed row by row, or dimension by dimension, rather than by a library's product, whose order
    of summation, and so whose last bit, depends on where in a block a row stands: equal rows must
    tie.
    """
    if len(vectors) <= _FEW:
        # A row by itself, in NumPy's own order of a contiguous sum: the same for every row.
        found = np.empty((len(block), len(vectors)))
        for first in range(0, len(block), _CACHED_ROWS):
            some = np.s_[first : first + _CACHED_ROWS]
            rows = _wide(block[some])
            for column, vector in enumerate(vectors):
                found[some, column] = (rows * vector).sum(axis=1)
        return found
    columns = np.ascontiguousarray(_wide(block).T)
    total = np.zeros((block.shape[0], len(vectors)))
    for values, weights in zip(columns, vectors.T, strict=True):
        total += values[:, None] * weights
    return total


def _wide(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows in float64; PyTorch widens half precision with the processor's own instruction."""
    if rows.dtype == np.float16:
        rows = torch.from_numpy(np.ascontiguousarray(rows)).float().numpy()
    return np.ascontiguousarray(rows, dtype=np.float64)
