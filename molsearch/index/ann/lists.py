"""Inverted lists of one shard; the only file that knows faiss.

Rows go to the nearest of some centroids that all shards share, and lie there in a few bits a
dimension (RaBitQ: Gao and Long, SIGMOD 2024, arXiv:2405.12497), as what is left of them after their
centroid. A search looks into the lists whose centroids have the largest products with the query.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError, UsageError

INSTALL = "pip install 'molsearch[ann]'"
_TRAINING_ROUNDS = 10
_SEED = 20


def faiss() -> Any:
    """Import faiss.

    Raises
    ------
    UsageError
        It is not installed.
    """
    try:
        import faiss as found
    except ImportError as error:
        raise UsageError(f"approximate search needs faiss, which is not here: {INSTALL}") from error
    return found


def trained_centroids(rows: NDArray[np.float32], n_lists: int) -> NDArray[np.float32]:
    """Find the middles ``[n_lists, width]`` of groups of rows, by k-means."""
    means = faiss().Kmeans(
        rows.shape[1], n_lists, niter=_TRAINING_ROUNDS, seed=_SEED, min_points_per_centroid=1
    )
    means.train(np.ascontiguousarray(rows, np.float32))
    return np.asarray(means.centroids, np.float32)


class Centroids:
    """The middles of the lists, from which every search begins."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.vectors = np.ascontiguousarray(vectors, np.float32)
        library = faiss()
        self.of_rows = library.IndexFlatL2(vectors.shape[1])
        self.of_rows.add(self.vectors)
        self.of_queries = library.IndexFlatIP(vectors.shape[1])
        self.of_queries.add(self.vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    def probed(
        self, queries: NDArray[np.float32], n: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find lists ``[m, n]`` to look into for queries, best first, and their products."""
        products, lists = self.of_queries.search(queries, min(n, len(self)))
        return lists, products


def write_lists(
    path: Path, centroids: Centroids, bits: int, blocks: Iterable[NDArray[np.float32]]
) -> None:
    """Write the lists of a shard's joint vectors, which come some at a time."""
    library = faiss()
    width = centroids.vectors.shape[1]
    index = library.IndexIVFRaBitQ(
        centroids.of_queries, width, len(centroids), library.METRIC_INNER_PRODUCT, True, bits
    )
    index.own_fields = False
    index.train(centroids.vectors)
    first = 0
    for block in blocks:
        rows = np.ascontiguousarray(block, np.float32)
        _, nearest = centroids.of_rows.search(rows, 1)
        ids = np.arange(first, first + len(rows), dtype=np.int64)
        pointer = library.swig_ptr
        index.add_core(len(rows), pointer(rows), pointer(ids), pointer(nearest))
        first += len(rows)
    # Centroids are the same for every shard, and stand once beside them.
    none = library.IndexFlatIP(width)
    index.quantizer = none
    try:
        library.write_index(index, str(path))
    except RuntimeError as error:  # faiss tells what a disk refuses in its own words
        full = os.strerror(errno.ENOSPC) in str(error)
        number = errno.ENOSPC if full else errno.EIO
        raise OSError(number, os.strerror(number), str(path)) from error


class ShardLists:
    """The lists of one shard, mapped from the disk.

    Raises
    ------
    IndexCorruptError
        The file is no such lists.
    """

    def __init__(self, path: Path, centroids: Centroids, n_rows: int) -> None:
        library = faiss()
        flags = library.IO_FLAG_MMAP | library.IO_FLAG_READ_ONLY
        try:
            found = library.read_index(str(path), flags)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1][:200]
            raise IndexCorruptError(f"{path} cannot be read ({reason})") from error
        due = (n_rows, len(centroids), centroids.vectors.shape[1])
        if (found.ntotal, getattr(found, "nlist", 0), found.d) != due:
            raise IndexCorruptError(f"{path} holds other lists than its manifest says")
        self._centroids = centroids  # lives as long as the pointer to it
        self._n_rows = n_rows
        self._index = found
        self._index.quantizer = centroids.of_queries
        self._index.own_fields = False

    def search(
        self,
        queries: NDArray[np.float32],
        probes: tuple[NDArray[np.int64], NDArray[np.float32]],
        n: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows ``[m, n]`` with the largest estimated products, and these; -1 where there are fewer.

        Parameters
        ----------
        probes
            As `Centroids.probed` gives them.
        allowed
            bool ``[rows]``: the others are not considered.
        """
        library = faiss()
        lists, products = probes
        options = library.IVFRaBitQSearchParameters()
        options.nprobe = lists.shape[1]
        if allowed is not None:
            bitmap = np.packbits(allowed, bitorder="little")
            selector = library.IDSelectorBitmap(self._n_rows, library.swig_ptr(bitmap))
            options.sel = selector
        rows = np.full((len(queries), n), -1, np.int64)
        scores = np.full((len(queries), n), -np.inf, np.float32)
        pointer = library.swig_ptr
        self._index.search_preassigned_c(
            len(queries), pointer(queries), n, pointer(lists), pointer(products),
            pointer(scores), pointer(rows), False, options,
        )  # fmt: skip
        return rows, scores
