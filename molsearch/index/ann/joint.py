"""Embedding and fingerprint in one vector, so that one product ranks by any weights of the two.

A fingerprint is divided by its length and laid out along its principal axes: the product of two
such comes near their cosine, which grows with their Tanimoto similarity. A query takes the weights.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from molsearch.chem.fingerprints import N_BITS, unit_bits
from molsearch.data.axes import directed
from molsearch.index.reader import IndexReader

#: Principal axes of fingerprints that are kept.
N_PRINTS = 64
_ROWS_AT_ONCE = 4096


class Joint:
    """From embeddings and fingerprints to joint vectors.

    Parameters
    ----------
    projection
        float32 ``[n_prints, 2048]``.
    """

    def __init__(self, projection: NDArray[np.float32]) -> None:
        self._axes = np.ascontiguousarray(projection.T)

    def rows(self, vectors: NDArray[np.floating], prints: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Join embeddings ``[n, dim]`` and fingerprints ``[n, 256]``: ``[n, dim + n_prints]``."""
        return self.queries(vectors, prints, (1.0, 1.0))

    def queries(
        self,
        vectors: NDArray[np.floating],
        prints: NDArray[np.uint8] | None,
        weights: tuple[float, float],
    ) -> NDArray[np.float32]:
        """Join those of queries, whose products with rows weigh cosine and likeness.

        Parameters
        ----------
        prints
            None where fingerprints do not rank.
        """
        width = vectors.shape[1]
        found = np.zeros((len(vectors), width + self._axes.shape[1]), np.float32)
        found[:, :width] = weights[0] * np.asarray(vectors, np.float32)
        if prints is not None and weights[1]:
            found[:, width:] = weights[1] * (unit_bits(prints) @ self._axes)
        return found


def principal_axes(prints: NDArray[np.uint8], n: int = N_PRINTS) -> NDArray[np.float32]:
    """Find the axes ``[n, 2048]`` along which products of unit fingerprints are largest."""
    total = np.zeros((N_BITS, N_BITS))
    for first in range(0, len(prints), _ROWS_AT_ONCE):
        block = unit_bits(prints[first : first + _ROWS_AT_ONCE])
        total += block.T @ block
    _, axes = scipy.linalg.eigh(total, subset_by_index=[N_BITS - n, N_BITS - 1])
    return np.ascontiguousarray(directed(axes[:, ::-1].T), np.float32)


def sampled(
    reader: IndexReader, n: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Draw embeddings and fingerprints of `n` rows, evenly from all shards."""
    rng = np.random.default_rng(seed)
    rows = None
    if n < reader.n_rows:  # holds what is drawn, not the library
        rows = np.sort(rng.choice(reader.n_rows, n, replace=False, shuffle=False))
    starts = reader.starts
    vectors, prints = [], []
    for shard, n_rows in enumerate(reader.shard_rows):
        mine = np.arange(n_rows)
        if rows is not None:
            mine = rows[(rows >= starts[shard]) & (rows < starts[shard + 1])] - starts[shard]
        vectors.append(reader.checked_embeddings(shard).take(mine).astype(np.float32))
        prints.append(reader.checked_fingerprints(shard).take(mine))
    return np.concatenate(vectors), np.concatenate(prints)
