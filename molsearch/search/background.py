"""What a score means: its place among random molecules, and how far a query lies from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.scoring.blend import Blend
from molsearch.scoring.queryset import Against, QuerySet, per_query
from molsearch.search.engine import Candidates
from molsearch.words import counted, some_of

_ROWS_AT_ONCE = 8192
_FEW = 3  # queries that have a line each


class Background:
    """Scores of an encoder's background molecules for the queries.

    Parameters
    ----------
    vectors
        float16 ``[n, dim]``: their embeddings, or None where the encoder brings none.
    queries
        The embedded queries.
    blend
        What ranks; the cosine to the nearest query by default.
    prints
        uint8 ``[n, 256]``: their ECFP4, which older encoders do not bring. Where fingerprints
        rank and these are missing, percentiles are those of the cosine alone.
    against
        Known inactives that count.
    """

    def __init__(
        self,
        vectors: NDArray[np.float16] | None,
        queries: QuerySet,
        blend: Blend | None = None,
        prints: NDArray[np.uint8] | None = None,
        against: Against | None = None,
    ) -> None:
        self._sorted: NDArray[np.float64] | None = None
        self._ranked: NDArray[np.float64] | None = None
        if vectors is None or not len(vectors):
            return
        cosines = _cosines(vectors, queries)
        self._sorted = np.sort(cosines, axis=0)
        if blend is None or (blend.is_plain and against is None):
            return
        scores = _scores(blend, cosines, prints, vectors)
        if scores is not None:
            if against is not None:
                near = _cosines(vectors, against.inactives).max(axis=1)
                scores = scores - against.weight * near
            self._ranked = np.sort(scores)

    @property
    def is_of_score(self) -> bool:
        """Whether percentiles are those of what ranks, rather than of the cosine alone."""
        return self._ranked is not None

    def percentiles(self, nearest: NDArray[np.int64], found: Candidates) -> NDArray[np.float64]:
        """Per cent of background molecules that score lower than each candidate: ``[n]``.

        Where the cosine alone ranks both are scored for the query in `nearest`.

        Returns
        -------
        float64, 0 to 100; NaN where there is no background.
        """
        result = np.full(len(found), np.nan)
        if self._ranked is not None:
            below = np.searchsorted(self._ranked, found.scores, side="left")
            return np.asarray(100.0 * below / len(self._ranked))
        if self._sorted is None:
            return result
        own = found.query_scores[np.arange(len(found)), nearest]
        for number in np.unique(nearest):
            mine = nearest == number
            below = np.searchsorted(self._sorted[:, number], own[mine], side="left")
            result[mine] = 100.0 * below / len(self._sorted)
        return result

    def nearness(self, query: int, neighbours: int) -> float:
        """Mean cosine of the nearest background molecules of a query; NaN without background."""
        if self._sorted is None:
            return float("nan")
        return float(self._sorted[-neighbours:, query].mean())


def _cosines(vectors: NDArray[np.float16], queries: QuerySet) -> NDArray[np.float64]:
    """Cosines ``[n, n_queries]`` of the background."""
    weights = queries.vectors.astype(np.float64).T
    parts = [
        per_query(vectors[i : i + _ROWS_AT_ONCE].astype(np.float64) @ weights, queries)
        for i in range(0, len(vectors), _ROWS_AT_ONCE)
    ]
    return np.concatenate(parts)


def _scores(
    blend: Blend,
    cosines: NDArray[np.float64],
    prints: NDArray[np.uint8] | None,
    vectors: NDArray[np.float16],
) -> NDArray[np.float64] | None:
    """Scores of the background by what a blend adds; None where they cannot be known."""
    rarity = None if blend.rarity is None else blend.rarity.reference.of_same(vectors)[:, None]
    if blend.likeness is None:
        return blend.fused(cosines, np.empty((len(cosines), 0)), rarity)
    if prints is None:
        return None
    return blend.fused(cosines, blend.likeness.scores(prints), rarity)


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
    near = [background.nearness(number, neighbours) for number in range(len(query_ids))]
    far = [(name, one) for name, one in zip(query_ids, near, strict=True) if one < least]
    measure = f"mean similarity to {'its' if len(far) <= _FEW else 'their'} "
    measure += counted(neighbours, "nearest background molecule")
    if len(far) > _FEW:
        names = some_of([f"{name!r} {one:.2f}" for name, one in far], _FEW)
        line = (
            f"{counted(len(far), 'query', 'queries')} lie far from the training chemistry "
            f"({measure} below {least:.2f}: {names}): trust their ranks less"
        )
        return [line]
    return [
        f"query {name!r} lies far from the training chemistry ({measure} {one:.2f}, limit "
        f"{least:.2f}): trust its ranks less"
        for name, one in far
    ]
