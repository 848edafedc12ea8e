"""What a score means: its place among random molecules, and how far a query lies from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.search.fusion import QuerySet, per_query

_ROWS_AT_ONCE = 8192


class Background:
    """Scores of an encoder's background embeddings for each query.

    Parameters
    ----------
    vectors
        float16 ``[n, dim]``, or None where the encoder brings none.
    queries
        The embedded queries.
    """

    def __init__(self, vectors: NDArray[np.float16] | None, queries: QuerySet) -> None:
        self._sorted: NDArray[np.float64] | None = None
        if vectors is not None and len(vectors):
            weights = queries.vectors.astype(np.float64).T
            parts = [
                per_query(vectors[i : i + _ROWS_AT_ONCE].astype(np.float64) @ weights, queries)
                for i in range(0, len(vectors), _ROWS_AT_ONCE)
            ]
            self._sorted = np.sort(np.concatenate(parts), axis=0)

    def percentiles(
        self, query: NDArray[np.int64], scores: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Per cent of background molecules that score lower for that query: ``[n]``, 0 to 100.

        NaN where there is no background.
        """
        result = np.full(len(scores), np.nan)
        if self._sorted is None:
            return result
        for number in np.unique(query):
            mine = query == number
            below = np.searchsorted(self._sorted[:, number], scores[mine], side="left")
            result[mine] = 100.0 * below / len(self._sorted)
        return result

    def nearness(self, query: int, neighbours: int) -> float:
        """Mean score of the nearest background molecules of a query; NaN without background."""
        if self._sorted is None:
            return float("nan")
        return float(self._sorted[-neighbours:, query].mean())


def warnings_of(
    background: Background, card: Mapping[str, Any], query_ids: Sequence[str]
) -> list[str]:
    """Name the queries that lie far from the chemistry an encoder was trained on.

    The card states, under ``applicability``, below which nearness only one molecule in twenty
    of the training chemistry falls.
    """
    limits = card.get("applicability")
    if not isinstance(limits, Mapping):
        return []
    neighbours, least = int(limits["neighbours"]), float(limits["quantile_05"])
    found = []
    for number, name in enumerate(query_ids):
        nearness = background.nearness(number, neighbours)
        if nearness < least:
            found.append(
                f"query {name!r} lies far from the training chemistry (mean similarity to its "
                f"{neighbours} nearest background molecules {nearness:.2f}, limit {least:.2f}): "
                "trust its ranks less"
            )
    return found
