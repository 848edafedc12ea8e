"""Queries widened by their own first hits, and searched with once more.

What lies nearest to a query by embedding, ECFP4 and rarity together is mostly of its kind, whatever
the encoder alone makes of it. A query that is moved towards the mean of its first hits finds more
of that kind, above all where there is but one: average query expansion [1]_, by pseudo-relevance
feedback [2]_. Fingerprints are compared with the queries as they were given.

References
----------
.. [1] Chum et al. 2007, Total recall: automatic query expansion with a generative feature model
.. [2] Rocchio 1971, Relevance feedback in information retrieval
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: First hits that widen the queries, where the library has enough.
HITS = 20
#: No more than one molecule in so many does: of a small library the first hits are like nothing.
ONE_IN = 40


def n_hits(n_molecules: int, most: int = HITS) -> int:
    """How many first hits of so large a library widen the queries.

    Examples
    --------
    >>> n_hits(1_000_000), n_hits(200), n_hits(30)
    (20, 5, 0)
    """
    return min(most, n_molecules // ONE_IN)


def widened(vectors: NDArray[np.float32], hits: NDArray[np.floating]) -> NDArray[np.float32]:
    """Move queries towards the mean of their first hits, all by the same.

    Parameters
    ----------
    vectors
        float32 ``[c, dim]``: of unit length.
    hits
        ``[k, dim]``: embeddings of the first hits of all queries together.

    Returns
    -------
    float32 ``[c, dim]`` of unit length; `vectors` where there are no hits, and a query that lies
    opposite to them as it was.
    """
    if not len(hits):
        return vectors
    moved = vectors.astype(np.float64) + hits.astype(np.float64).mean(axis=0)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    some = lengths > np.finfo(np.float32).eps
    return np.where(some, moved / np.where(some, lengths, 1.0), vectors).astype(np.float32)
