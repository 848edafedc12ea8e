"""What known inactives say of a hit: the nearest one, its score, and the rank it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch import schema
from molsearch.config import ScreenConfig
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.search.engine import Candidates
from molsearch.search.exact import Exact
from molsearch.search.inactives import INACTIVE, Inactives
from molsearch.search.queries import Query, embed_queries


@dataclass(frozen=True)
class Contrast:
    """Embedded inactives that hits are compared with.

    Attributes
    ----------
    molecules
        The inactives.
    embedded
        Their embeddings.
    weight
        How much the nearest one's score lowers the key of the ranking.
    """

    molecules: Sequence[Query]
    embedded: QuerySet
    weight: float

    @classmethod
    def of(cls, inactives: Inactives, embedder: Embedder, config: ScreenConfig) -> Contrast:
        """Embed inactives as queries are; the nearest one counts."""
        embedded = embed_queries(
            inactives.molecules,
            embedder,
            fusion="max",
            conformer_fusion=config.conformer_fusion,
            role=INACTIVE,
        )
        return cls(inactives.molecules, embedded, config.inactives_weight)

    @property
    def against(self) -> Against | None:
        """What the engine ranks with; None where ranks are left alone."""
        return Against(self.embedded, self.weight) if self.weight > 0 else None

    def scores(self, reader: IndexReader, found: Candidates) -> dict[str, NDArray[np.float64]]:
        """Score for the nearest inactive and, where there is a weight, the key of the ranking."""
        return self._scores(found, self._nearest(reader, found)[1])

    def is_inactive(self, parents: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each structure is an inactive's: salts aside, but of the same stereo.

        A stereoisomer of an inactive may well be the active one.

        Parameters
        ----------
        parents
            Identities of the structures, `molsearch.chem.stereo.parent_key`.
        """
        known = {one.parent for one in self.molecules}
        return np.array([key in known for key in parents], dtype=bool)

    def columns(
        self, reader: IndexReader, found: Candidates, parents: Sequence[str]
    ) -> dict[str, Any]:
        """Columns ``schema.INACTIVE_COLUMNS`` of a hit list, in their order."""
        numbers, near = self._nearest(reader, found)
        names = np.array([one.query_id for one in self.molecules], dtype=object)
        scores = self._scores(found, near)
        return {
            schema.INACTIVE_ID: pd.array(names[numbers], dtype="str"),
            schema.INACTIVE_SCORE: scores.pop(schema.INACTIVE_SCORE),
            schema.IS_INACTIVE: self.is_inactive(parents),
            **scores,
        }

    def _scores(
        self, found: Candidates, near: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        # Vectors kept in half precision are as long as 1.0001: no cosine lies above 1.
        columns = {schema.INACTIVE_SCORE: np.minimum(near, 1.0)}
        if self.weight > 0:
            columns[schema.PENALISED_SCORE] = found.scores - self.weight * near
        return columns

    def _nearest(
        self, reader: IndexReader, found: Candidates
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        exact = Exact(reader, self.embedded)
        return exact.nearest(exact.position(found.shards, found.rows))
