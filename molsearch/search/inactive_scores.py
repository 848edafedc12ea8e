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
from molsearch.errors import UsageError
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.scoring.expression import Term
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.scoring.ranking import SERIES, Ranking
from molsearch.scoring.series import series_of
from molsearch.search.engine import Candidates
from molsearch.search.exact import Exact
from molsearch.search.inactives import INACTIVE, Inactives
from molsearch.search.queries import Query, embed_queries


@dataclass(frozen=True)
class InactiveScores:
    """Embedded inactives that hits are compared with.

    Attributes
    ----------
    molecules
        The inactives.
    embedded
        Their embeddings.
    weight
        How much the nearest one's score lowers the key of the ranking, or the series model's
        raises it.
    series
        Direction of the series model, float64 ``[dim]``, where that counts.
    """

    molecules: Sequence[Query]
    embedded: QuerySet
    weight: float
    series: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        inactives: Inactives,
        embedder: Embedder,
        config: ScreenConfig,
        queries: QuerySet,
        term: Term | None = None,
    ) -> InactiveScores:
        """Embed inactives as queries are; the nearest one counts.

        Parameters
        ----------
        queries
            Embedded: what the series model sets apart.
        term
            How the ranking counts inactives; by ``config.inactives_weight`` where it does not say.
        """
        embedded = embed_queries(
            inactives.molecules,
            embedder,
            fusion="max",
            conformer_fusion=config.conformer_fusion,
            role=INACTIVE,
        )
        weight = (config.inactives_weight or 0.0) if term is None else term.weight
        if term is None or term.name != SERIES:
            return cls(inactives.molecules, embedded, weight)
        known = (queries, embedded)
        asked, against = (one.as_molecules().astype(np.float64) for one in known)
        background = embedder.background
        random = np.empty((0, asked.shape[1])) if background is None else background
        series = series_of(asked, against, np.asarray(random, np.float64))
        return cls(inactives.molecules, embedded, weight, series)

    @property
    def against(self) -> Against | None:
        """What the engine ranks with; None where ranks are left alone."""
        if self.weight <= 0:
            return None
        if self.series is None:
            return Against(self.embedded, self.weight)
        # Linear in a molecule's embedding: like the nearness of one inactive that lies opposite.
        opposite = (-self.series[None]).astype(np.float32)
        return Against(QuerySet(opposite, np.zeros(1, dtype=np.int64)), self.weight)

    @property
    def most_lost(self) -> float:
        """What a score loses at most: a cosine counts as 1 where rounding puts it above."""
        return self.weight if self.series is None else np.inf

    @property
    def unseen(self) -> Against | None:
        """The same where a query is left out: a series model has seen it, and is no judge."""
        return self.against if self.series is None else None

    def scores(
        self, reader: IndexReader, found: Candidates, similarity: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Score for the nearest inactive and, where there is a weight, what that changes.

        Parameters
        ----------
        similarity
            Score ``[n]`` of each candidate before inactives count.
        """
        return self._scores(reader, found, self._nearest(reader, found)[1], similarity)

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
        self,
        reader: IndexReader,
        found: Candidates,
        parents: Sequence[str],
        similarity: NDArray[np.float64],
    ) -> dict[str, Any]:
        """Columns ``schema.INACTIVE_COLUMNS`` of a hit list, in their order.

        Parameters
        ----------
        parents, similarity
            As of `is_inactive` and `scores`.
        """
        numbers, near = self._nearest(reader, found)
        names = np.array([one.query_id for one in self.molecules], dtype=object)
        scores = self._scores(reader, found, near, similarity)
        return {
            schema.INACTIVE_ID: pd.array(names[numbers], dtype="str"),
            schema.INACTIVE_SCORE: scores.pop(schema.INACTIVE_SCORE),
            schema.IS_INACTIVE: self.is_inactive(parents),
            **scores,
        }

    def _scores(
        self,
        reader: IndexReader,
        found: Candidates,
        near: NDArray[np.float64],
        similarity: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        # Vectors kept in half precision are as long as 1.0001: no cosine lies above 1.
        columns = {schema.INACTIVE_SCORE: np.minimum(near, 1.0)}
        against = self.against
        if against is None:
            return columns
        if self.series is not None:
            exact = Exact(reader, against.inactives)
            nearest = exact.nearest(exact.position(found.shards, found.rows))[1]
            columns[schema.SERIES_SCORE] = -nearest
        columns[schema.SIMILARITY_SCORE] = similarity
        return columns

    def _nearest(
        self, reader: IndexReader, found: Candidates
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        exact = Exact(reader, self.embedded)
        return exact.nearest(exact.position(found.shards, found.rows))


def counting(config: ScreenConfig, ranking: Ranking, *, given: bool) -> ScreenConfig:
    """Let the ranking say how much inactives count, where it says so.

    Raises
    ------
    UsageError
        It does and there are none, or the configuration says otherwise.
    """
    term = ranking.of_inactives
    if term is None:
        return config.model_copy(update={"inactives_weight": config.inactives_weight or 0.0})
    if config.inactives_weight:
        raise UsageError(
            f"--rank {ranking.asked[:80]!r} says how much inactives count; leave "
            "--inactives-weight out"
        )
    if not given:
        raise UsageError(
            f"--rank {ranking.asked[:80]!r}: {term.name!r} is about known inactives; give them "
            "with --inactives, or as a table with an activity column"
        )
    return config.model_copy(update={"inactives_weight": term.weight})
