"""Principal axes of embeddings, and the few rows of an index that a map needs; numpy only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from molsearch.index.reader import IndexReader

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def axes(vectors: Array) -> tuple[Array, Array, Array]:
    """First two principal axes of ``[n, dim]``: mean, axes ``[2, dim]``, shares of variance."""
    mean = vectors.mean(axis=0)
    centred = vectors - mean
    values, directions = np.linalg.eigh(centred.T @ centred)
    first = directions.T[::-1][:2]
    shares = values[::-1][:2] / max(float(values.sum()), 1e-12)
    # Signs are free: the largest component of each axis is made positive.
    largest = first[np.arange(2), np.abs(first).argmax(axis=1)]
    return mean, first * np.where(largest < 0, -1.0, 1.0)[:, None], shares


def embeddings(reader: IndexReader, rows: Rows) -> npt.NDArray[np.float32]:
    """Embeddings ``[n, dim]`` of some rows, counted over all shards; no more is read."""
    found = np.empty((len(rows), reader.dim), np.float32)
    first = 0
    for shard, n_rows in enumerate(reader.shard_rows):
        mine = (rows >= first) & (rows < first + n_rows)
        found[mine] = reader.checked_embeddings(shard).take(rows[mine] - first)
        first += n_rows
    return found


def fingerprints(reader: IndexReader, rows: Rows) -> npt.NDArray[np.uint8]:
    """Packed ECFP4 ``[n, 256]`` of some rows, counted over all shards, in increasing order."""
    shards, within = places(reader, rows)
    parts = [
        reader.checked_fingerprints(int(shard)).take(within[shards == shard])
        for shard in np.unique(shards)
    ]
    return np.concatenate(parts) if parts else np.empty((0, 256), np.uint8)


def places(reader: IndexReader, rows: Rows) -> tuple[Rows, Rows]:
    """Shard and row within it, of rows counted over all shards."""
    starts = np.concatenate([[0], np.cumsum(reader.shard_rows)])
    shards = np.searchsorted(starts, rows, side="right").astype(np.int64) - 1
    return shards, rows - starts[shards]
