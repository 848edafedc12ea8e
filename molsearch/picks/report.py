"""What picks are like beside the best hits: what diversity, filters and limits cost in score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.picks.columns import Columns, ranking_column
from molsearch.picks.config import PickConfig
from molsearch.words import counted


@dataclass(frozen=True)
class Profile:
    """Numbers of a set of hits.

    Attributes
    ----------
    n
        How many.
    score_mean, score_median
        Of the column that ranks.
    deepest
        Place in the hit list, from 1, of the last of them.
    n_scaffolds
        Different Murcko scaffolds; an acyclic molecule counts as one of its own.
    similarity_mean
        Mean ECFP4 similarity to the nearest other one of the set.
    n_novel
        Those that no query resembles; None where the list does not say.
    n_alerts
        Those with a structural alert.
    price
        Sum; None where no column holds prices. `n_without_price` have none that can be read, and
        `n_free` cost nothing.
    """

    n: int
    score_mean: float
    score_median: float
    deepest: int
    n_scaffolds: int
    similarity_mean: float
    n_novel: int | None
    n_alerts: int
    price: float | None
    n_without_price: int
    n_free: int


class Costs:
    """Makes profiles of sets of rows."""

    def __init__(
        self, columns: Columns, scores: NDArray[np.float64], config: PickConfig, price: str | None
    ) -> None:
        self._columns = columns
        self._scores = scores
        sign = 1 if config.lower_is_better else -1
        self._rank = np.empty(len(scores), dtype=np.int64)
        self._rank[np.argsort(sign * scores, kind="stable")] = np.arange(1, len(scores) + 1)
        self._novel: NDArray[np.bool_] | None = None
        if schema.ECFP4_SIMILARITY in columns.names:
            similar = columns.numbers("", schema.ECFP4_SIMILARITY)
            self._novel = similar < config.novel_below
        self._prices = None if price is None else columns.prices(price)

    @classmethod
    def of(cls, columns: Columns, config: PickConfig, price: str | None) -> Costs:
        """Look up what profiles are made of."""
        scores = columns.numbers("--by", ranking_column(columns.names, config.by))
        return cls(columns, scores, config, price)

    def nearest(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """ECFP4 similarity of each of `rows` to the nearest other one; 0 where it is alone."""
        prints = self._columns.table.prints[rows]
        similar = tanimoto_matrix(prints, prints)
        np.fill_diagonal(similar, 0.0)
        return np.round(similar.max(axis=1, initial=0.0), 4)

    def profile(self, rows: NDArray[np.int64]) -> Profile:
        """Make the profile of some rows of the table."""
        scaffolds = self._columns.texts("", schema.SCAFFOLD, rows)
        alerts = self._columns.texts("", schema.ALERTS, rows)
        mine = self._scores[rows]
        prices = None if self._prices is None else self._prices[rows]
        return Profile(
            n=len(rows),
            score_mean=float(mine.mean()),
            score_median=float(np.median(mine)),
            deepest=int(self._rank[rows].max()),
            n_scaffolds=len({scaffold or place for place, scaffold in enumerate(scaffolds)}),
            similarity_mean=float(self.nearest(rows).mean()),
            n_novel=None if self._novel is None else int(self._novel[rows].sum()),
            n_alerts=sum(text != "" for text in alerts),
            price=None if prices is None else float(np.nansum(prices)),
            n_without_price=0 if prices is None else int(np.isnan(prices).sum()),
            n_free=0 if prices is None else int((prices == 0).sum()),
        )


@dataclass(frozen=True)
class Placed:
    """Controls and their wells.

    Attributes
    ----------
    n
        How many controls there are.
    n_without
        Those that have no well on any plate.
    wells
        Wells of each kind a plate of which every control has one.
    """

    n: int = 0
    n_without: int = 0
    wells: int = 0


@dataclass(frozen=True)
class Account:
    """How picks came about, and their profile beside that of the best hits.

    Attributes
    ----------
    of_screen
        Whether it is the score of a screen by which hits are better or worse.
    best
        As many of the best hits that the filters leave, without diversity and limits.
    """

    n_hits: int
    n_failed: int
    left_out: dict[str, int]
    refused: dict[str, int]
    unknown_ids: int
    max_similarity: float | None
    method: str
    column: str
    lower_is_better: bool
    of_screen: bool
    price_column: str | None
    novel_below: float
    picks: Profile
    best: Profile
    controls: Placed = Placed()

    @property
    def cost(self) -> float:
        """Mean score given up against the best hits; positive is a loss."""
        lost = self.best.score_mean - self.picks.score_mean
        return -lost if self.lower_is_better else lost

    def record(self) -> dict[str, Any]:
        """Everything, for ``run.json``."""
        return {**asdict(self), "cost_in_score": self.cost}

    def words(self) -> list[str]:
        """Say it for people, a sentence each."""
        return [*self._words()]

    def _words(self) -> Iterator[str]:
        mine, best = self.picks, self.best
        if self.n_failed:
            rows = "row holds" if self.n_failed == 1 else "rows hold"
            yield f"{self.n_failed:,} {rows} no readable structure and cannot be picked"
        out = ", ".join(f"{rule} {count:,}" for rule, count in self.left_out.items())
        yield f"{mine.n:,} picks of {counted(self.n_hits, 'hit')}" + (
            f"; left out: {out}" if out else ""
        )
        share = abs(self.cost / best.score_mean) if best.score_mean else 0.0
        change = f"{self.cost:.3g} given up, {share:.0%}" if abs(self.cost) > 1e-9 else "the same"
        yield (
            f"{self.column}: mean {mine.score_mean:.4g}, of the {best.n:,} best "
            f"{best.score_mean:.4g} ({change}); the last pick is hit {mine.deepest:,}"
        )
        if self.of_screen and self.lower_is_better:
            yield (
                f"the higher the {self.column} of a screen, the better: --lower-is-better takes "
                "the worst hits; leave it out for the best"
            )
        yield f"{self._kinds(mine)}; the best: {self._kinds(best)}"
        if self.max_similarity is not None and self.method == "leader":
            yield f"no two picks are more similar than ECFP4 {self.max_similarity:g}"
        if self.unknown_ids:
            yield f"{self.unknown_ids:,} ids of --must-not files are not in the hit list"
        if mine.price is not None:
            lack = f", {mine.n_without_price:,} without a price" if mine.n_without_price else ""
            yield (
                f"{self.price_column}: {mine.price:,.2f} in all{lack}; the best: {best.price:,.2f}"
            )
        if mine.n_free:
            cost = "pick costs" if mine.n_free == 1 else "picks cost"
            yield f"{mine.n_free:,} {cost} 0 by {self.price_column!r}: check whether they are free"
        if without := self.controls.n_without:
            yield (
                f"{without:,} of {counted(self.controls.n, 'control')} "
                f"{'has' if without == 1 else 'have'} no well: --control-wells "
                f"{self.controls.wells} gives each one"
            )

    def _kinds(self, one: Profile) -> str:
        scaffold = "scaffold" if one.n_scaffolds == 1 else "scaffolds"
        novel = ""
        if one.n_novel is not None:
            novel = f", {one.n_novel:,} novel (ECFP4 < {self.novel_below:g} to every query)"
        return (
            f"{one.n_scaffolds:,} {scaffold}, similarity to the nearest other "
            f"{one.similarity_mean:.2f}{novel}, {one.n_alerts:,} with alerts"
        )
