"""What is said of a hit beside its score: nearest query, likeness to it, background."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.fingerprints import tanimoto
from molsearch.index.reader import IndexReader
from molsearch.search.background import Background
from molsearch.search.contrast import Contrast
from molsearch.search.engine import Candidates
from molsearch.search.queries import Query


class Annotator:
    """Computes the columns of a hit list that depend on the queries."""

    def __init__(
        self,
        reader: IndexReader,
        queries: Sequence[Query],
        background: Background,
        contrast: Contrast | None = None,
    ) -> None:
        self.reader = reader
        self.queries = queries
        self.background = background
        self.contrast = contrast
        self._skeletons = frozenset(query.skeleton for query in queries if query.skeleton)

    def nearest(self, found: Candidates) -> NDArray[np.int64]:
        """Query with the best score for each candidate; the first of equal ones."""
        return found.query_scores.argmax(axis=1)

    def columns(self, found: Candidates) -> dict[str, NDArray[np.floating]]:
        """Score, ECFP4 similarity to the nearest query and background percentile, ``[n]`` each."""
        nearest = self.nearest(found)
        own = found.query_scores[np.arange(len(found)), nearest]
        return {
            # Vectors kept in half precision are as long as 1.0001: no cosine lies above 1.
            schema.SCORE: np.minimum(found.scores, 1.0),
            schema.ECFP4_SIMILARITY: self._similarity(found, nearest),
            schema.PERCENTILE: self.background.percentiles(nearest, own),
        }

    def contrasts(self, found: Candidates) -> dict[str, NDArray[np.float64]]:
        """Scores that come from known inactives; none where none are given."""
        return {} if self.contrast is None else self.contrast.scores(self.reader, found)

    def is_query(self, inchikeys: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each structure is a query's, stereo and salts aside."""
        return np.array([key[:14] in self._skeletons for key in inchikeys], dtype=bool)

    def _similarity(self, found: Candidates, nearest: NDArray[np.int64]) -> NDArray[np.float32]:
        prints = np.empty((len(found), 256), dtype=np.uint8)
        for shard in np.unique(found.shards):
            mine = found.shards == shard
            prints[mine] = self.reader.checked_fingerprints(int(shard)).take(found.rows[mine])
        result = np.empty(len(found), dtype=np.float32)
        for number in np.unique(nearest):
            mine = nearest == number
            result[mine] = tanimoto(self.queries[number].fingerprint, prints[mine])
        return result
