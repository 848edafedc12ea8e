"""Which setting a screen needs, by what was measured; or why it has to search exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from molsearch.index.ann.manifest import Measured
from molsearch.scoring.ranking import SHAPE, Ranking
from molsearch.words import counted


@dataclass(frozen=True)
class Approximation:
    """How a screen that asked for a recall was searched.

    Attributes
    ----------
    asked
        The recall asked for.
    setting
        What was looked at, and how much of the exact hits it finds; None for an exact search.
    why_exact
        Why it was exact; empty otherwise.
    n_lists
        Of the index; 0 where they were not used.
    """

    asked: float
    setting: Measured | None = None
    why_exact: str = ""
    n_lists: int = 0

    def sentence(self) -> str:
        """Say it in one line."""
        if self.setting is None:
            asked = f"a recall of {self.asked:g} was asked"
            return f"searched exactly, though {asked}: {self.why_exact}"
        one = self.setting
        return (
            f"approximate search: {one.recall:.2%} of the {counted(one.k, 'hit')} of an exact one "
            f"are found on average, at least {one.lowest:.1%} in nine searches of ten, as "
            f"measured on this index; {one.probes:,} of {self.n_lists:,} lists were looked into"
        )

    @property
    def fact(self) -> tuple[str, str]:
        """Label and value for the head of a page."""
        return ("recall", "1 (exact)" if self.setting is None else f"{self.setting.recall:.4f}")

    def record(self) -> dict[str, Any]:
        """Tell it for ``run.json``."""
        return {
            "asked": self.asked,
            "exact": self.setting is None,
            "recall": 1.0 if self.setting is None else self.setting.recall,
            "why_exact": self.why_exact or None,
            "measured": None if self.setting is None else self.setting.model_dump(mode="json"),
            "n_lists": self.n_lists,
            "sentence": self.sentence(),
        }


def chosen(
    measured: Iterable[Measured], ranking: Ranking, recall: float, k: float
) -> Measured | str:
    """Pick the cheapest setting that finds so much of the k best, or say why there is none."""
    mine = [one for one in measured if _is_of(one, ranking)]
    if not mine:
        return f"the recall of ranking by {ranking.expression} was not measured"
    deep = sorted({one.k for one in mine if one.k >= k})
    if not deep:
        most = max(one.k for one in mine)
        return (
            f"hits as deep as {round(k):,} of the whole library are wanted, and recall was "
            f"measured down to {most:,}"
        )
    enough = [one for one in mine if one.k == deep[0] and one.recall >= recall]
    if not enough:
        best = max(one.recall for one in mine if one.k == deep[0])
        return f"of the first {deep[0]:,} the lists find {best:.2%} at most"
    return min(enough, key=lambda one: (one.probes * one.depth, one.probes))


def _is_of(one: Measured, ranking: Ranking) -> bool:
    """Whether a measurement speaks for a ranking: the same sum, over as many queries or so."""
    terms = tuple(term for term in ranking.expression.terms if term.name != SHAPE)
    same = "+".join(str(term) for term in terms) == one.ranking
    # Where the sum is the same as for more queries, theirs are as many or so: three or five.
    return same and min(one.n_queries, 3) == min(ranking.n_queries, 3)
