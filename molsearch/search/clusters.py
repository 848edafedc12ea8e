"""Clusters of an index by embedding: spheres around leaders, in the order of the library.

The first molecule leads; each further one that is less similar than asked to every leader becomes
a leader too. Then each molecule belongs to the leader that it is most similar to. One pass finds
the leaders, a second the members: no matrix of all pairs is held (the leader algorithm;
Butina's order needs the neighbours of everything first).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import UsageError
from molsearch.index.reader import IndexReader
from molsearch.words import counted

_BLOCK = 1024
_MOST_LEADERS = 200_000
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Clusters:
    """Clusters of the rows of an index.

    Attributes
    ----------
    leaders
        int64 ``[m]``: rows, over all shards, that lead; in their order.
    cluster
        int64 ``[n]``: which of the leaders each row belongs to.
    similarity
        float32 ``[n]``: cosine to it.
    """

    leaders: NDArray[np.int64]
    cluster: NDArray[np.int64]
    similarity: NDArray[np.float32]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Members of each cluster, the leader among them."""
        return np.bincount(self.cluster, minlength=len(self.leaders))


def cluster_index(
    reader: IndexReader, at: float, on_progress: OnProgress | None = None
) -> Clusters:
    """Cluster all molecules of an index.

    Parameters
    ----------
    at
        Cosine to a leader that makes a molecule its member, above -1 and at most 1.
    on_progress
        Called with molecules done, of twice as many as there are, and 0.

    Raises
    ------
    UsageError
        `at` is out of range, or there would be too many clusters.
    """
    if not -1 < at <= 1:
        raise UsageError(f"a similarity between -1 and 1 makes a cluster, not {at:g}")
    report = on_progress or _silent
    found = np.empty((0, reader.dim), np.float32)
    leaders: list[int] = []
    for first, block in _blocks(reader):
        near = (block @ found.T).max(axis=1, initial=-np.inf) >= at
        fresh: list[int] = []
        among = block @ block.T
        for row in np.flatnonzero(~near).tolist():
            if not fresh or among[row, fresh].max() < at:
                fresh.append(row)
        leaders += [first + row for row in fresh]
        found = np.concatenate([found, block[fresh]])
        if len(leaders) > _MOST_LEADERS:
            raise UsageError(
                f"more than {_MOST_LEADERS:,} clusters at a similarity of {at:g} among the first "
                f"{counted(first + len(block), 'molecule')} of {reader.path}; ask for a lower one"
            )
        report(first + len(block), 0)
    cluster = np.empty(reader.n_rows, np.int64)
    similarity = np.empty(reader.n_rows, np.float32)
    for first, block in _blocks(reader):
        products = block @ found.T
        rows = slice(first, first + len(block))
        cluster[rows] = products.argmax(axis=1)
        similarity[rows] = products.max(axis=1)
        report(reader.n_rows + first + len(block), 0)
    # A leader is its own, whichever copy of it comes first.
    cluster[leaders] = np.arange(len(leaders))
    similarity[leaders] = 1.0
    return Clusters(np.array(leaders, np.int64), cluster, similarity.clip(max=1.0))


def _blocks(reader: IndexReader) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield first row over all shards, and embeddings of unit length, float32."""
    start = 0
    for shard, n_rows in enumerate(reader.shard_rows):
        vectors = reader.checked_embeddings(shard)
        for first in range(0, n_rows, _BLOCK):
            block = vectors.rows(first, first + _BLOCK).astype(np.float32)
            yield start + first, block / np.linalg.norm(block, axis=1, keepdims=True)
        start += n_rows


def _silent(done: int, failed: int) -> None:
    pass
