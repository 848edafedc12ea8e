"""What is said of a hit beside its score: nearest query, likeness to it, background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.index.reader import IndexReader
from molsearch.scoring.blend import Blend
from molsearch.scoring.extra import Extra
from molsearch.scoring.fusion import fuse
from molsearch.search.background import Background
from molsearch.search.engine import Candidates
from molsearch.search.exact import Exact
from molsearch.search.inactive_scores import InactiveScores
from molsearch.search.queries import Query
from molsearch.search.rescore import Shapes
from molsearch.search.skeletons import Skeletons

_ROUNDING = 1e-9


class Annotator:
    """Computes the columns of a hit list that depend on the queries.

    Parameters
    ----------
    blend
        What ranks.
    extras
        What is added to it.
    placed_by
        Scores by the queries as they were given, where their first hits have moved them: by these
        a hit is placed among random molecules.
    """

    def __init__(
        self,
        reader: IndexReader,
        queries: Sequence[Query],
        background: Background,
        blend: Blend,
        inactives: InactiveScores | None = None,
        extras: Sequence[Extra | Shapes] = (),
        placed_by: Exact | None = None,
    ) -> None:
        self.reader = reader
        self.queries = queries
        self.background = background
        self.blend = blend
        self.inactives = inactives
        self.extras = tuple(extras)
        self.placed_by = placed_by
        self._skeletons = Skeletons.of(queries)
        self._without_structure = np.array([not query.has_structure for query in queries], bool)
        given = [*queries, *(inactives.molecules if inactives is not None else ())]
        # Heavy atoms of what the user gave: a hit of another size is none of it.
        self.given_sizes = sorted({one.first.heavy_atoms or 0 for one in given})

    def nearest(self, found: Candidates) -> NDArray[np.int64]:
        """Query that alone gives each candidate its best score; the first of equal ones."""
        each = self.blend.of_each(found.query_scores, found.likeness)
        for extra in self.extras:
            if len(found):
                scores = np.nan_to_num(extra.scores(found.shards, found.rows))
                each = each + extra.term.weight * scores
        return each.argmax(axis=1)

    def columns(self, found: Candidates) -> dict[str, NDArray[np.floating]]:
        """Score, its components, ECFP4 similarity to the nearest query, background percentile.

        ``[n]`` each. Vectors kept in half precision are as long as 1.0001: no cosine that is shown
        lies above 1, nor does it count for more in the score beside it.
        """
        nearest = self.nearest(found)
        cosines = fuse(found.query_scores, self.blend.fusion)
        alike = found.likeness if found.likeness.shape[1] else self._likeness(found)
        alike[:, self._without_structure] = np.nan
        part = self.blend.likeness
        extras = self._fused_extras(found)
        return {
            schema.SCORE: self._scores(found, extras),
            schema.MOLSEARCH_SCORE: np.minimum(cosines, 1.0),
            schema.ECFP4_SCORE: fuse(alike, "max" if part is None else part.fusion),
            schema.ECFP4_SIMILARITY: alike[np.arange(len(found)), nearest],
            schema.PERCENTILE: self._percentiles(nearest, found),
            **self._further_columns(found, extras),
        }

    def _percentiles(self, nearest: NDArray[np.int64], found: Candidates) -> NDArray[np.float64]:
        if self.placed_by is not None and len(found):
            exact = self.placed_by
            scores = exact.scores(exact.position(found.shards, found.rows))
            cosines = exact.parts(scores)[0]
            found = replace(found, scores=exact.keys(scores), query_scores=cosines)
            nearest = self.nearest(found)
        return self.background.percentiles(nearest, found)

    @property
    def further(self) -> list[str]:
        """Columns of what is added to cosine and ECFP4 similarity."""
        rarity = [] if self.blend.rarity is None else [schema.RARITY_SCORE]
        return [*rarity, *(extra.column for extra in self.extras)]

    def _further_columns(
        self, found: Candidates, extras: Sequence[NDArray[np.float64]]
    ) -> dict[str, NDArray[np.floating]]:
        """Further components of the score, ``[n]`` each, by the names of their columns."""
        rarity: dict[str, NDArray[np.floating]] = {}
        if self.blend.rarity is not None:
            rarity[schema.RARITY_SCORE] = found.rarity[:, 0]
        return rarity | {
            extra.column: np.minimum(fused, 1.0)
            for extra, fused in zip(self.extras, extras, strict=True)
        }

    def _fused_extras(self, found: Candidates) -> list[NDArray[np.float64]]:
        return [
            extra.fused(extra.scores(found.shards, found.rows)) if len(found) else np.empty(0)
            for extra in self.extras
        ]

    @property
    def _most(self) -> float:
        return self.blend.most + sum(extra.term.weight for extra in self.extras)

    @property
    def _most_by_inactives(self) -> float:
        against = None if self.inactives is None else self.inactives.against
        return 0.0 if against is None else against.weight

    def inactive_scores(self, found: Candidates) -> dict[str, NDArray[np.float64]]:
        """Scores that come from known inactives; none where none are given."""
        if self.inactives is None:
            return {}
        return self.inactives.scores(self.reader, found, self._similarity(found))

    def inactive_columns(self, found: Candidates, parents: Sequence[str]) -> dict[str, Any]:
        """Give the same and what names the nearest inactive, in the order of a hit list.

        Parameters
        ----------
        parents
            Identities of the structures, `molsearch.chem.stereo.parent_key`.
        """
        if self.inactives is None:
            return {}
        return self.inactives.columns(self.reader, found, parents, self._similarity(found))

    def _scores(
        self, found: Candidates, extras: Sequence[NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Score ``[n]``: what ranked, or the sum of the columns where a cosine was cut to 1."""
        whole, cut = (self._sum(found, extras, most) for most in (np.inf, 1.0))
        lost = whole - found.scores  # by inactives
        most = 0.0 if self.inactives is None else self.inactives.most_lost
        changed = (cut != whole) | (lost > most + _ROUNDING)
        scores = np.where(changed, cut - np.minimum(lost, most), found.scores)
        return np.minimum(scores, self._most + self._most_by_inactives)

    def _similarity(self, found: Candidates) -> NDArray[np.float64]:
        """Score of each candidate before inactives count: ``[n]``."""
        return np.minimum(self._sum(found, self._fused_extras(found), 1.0), self._most)

    def _sum(
        self, found: Candidates, extras: Sequence[NDArray[np.float64]], most: float
    ) -> NDArray[np.float64]:
        """Sum of the components ``[n]``, none of which counts for more than `most`."""
        cosines = np.minimum(fuse(found.query_scores, self.blend.fusion), most)
        total = self.blend.fused(cosines[:, None], found.likeness, found.rarity)
        for extra, fused in zip(self.extras, extras, strict=True):
            total = total + extra.term.weight * np.minimum(fused, most)
        return total

    def is_query(self, inchikeys: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each structure is a query's, stereo and salts aside."""
        return self._skeletons.among(inchikeys)

    def _likeness(self, found: Candidates) -> NDArray[np.float64]:
        """ECFP4 similarity to each query, where it has no part in the score: ``[n, n_queries]``."""
        packed = np.stack([query.fingerprint for query in self.queries])
        result = np.empty((len(found), len(packed)))
        for shard in np.unique(found.shards):
            mine = found.shards == shard
            prints = self.reader.checked_fingerprints(int(shard)).take(found.rows[mine])
            result[mine] = tanimoto_matrix(packed, prints).T
        return result
