"""What `balanced` is: the ranking that screens use unless told otherwise.

The weights were chosen on the development screens alone, target by target on the others
(`benchmarks/choose_ranking.py`); the one place that states them is here.
"""

from __future__ import annotations

from molsearch.scoring.expansion import HITS
from molsearch.scoring.expression import Expression, parse_expression
from molsearch.scoring.fusion import Fusion

BALANCED = "balanced"
RARITY = "rarity"
# From so many queries on: this expression. `molsearch` is the encoder of the index. The mean over
# queries instead of the nearest two is as good or a little better up to ten; of fifty, from many
# series, it lost a little in a trial.
RULES: tuple[tuple[int, str], ...] = (
    (1, "molsearch+ecfp4+1.25*rarity"),
    (2, "molsearch-top2+0.5*ecfp4-max+1.25*rarity"),
    (3, "molsearch-top2+ecfp4-max+1.25*rarity"),
)
# The same for an encoder without reference compounds, which cannot tell rarity.
WITHOUT_RARITY: tuple[tuple[int, str], ...] = (
    (1, "molsearch+ecfp4"),
    (2, "molsearch-top2+ecfp4-max"),
    (3, "molsearch-top2+2*ecfp4-max"),
)
# The same for what known inactives add (`benchmarks/choose_inactives.py`): on targets that had no
# part in the choice nothing gained reliably with one query or two and few inactives; five and ten
# were tried above.
WITH_INACTIVES: tuple[tuple[int, str], ...] = ((1, ""), (5, "0.5*series"))

# Up to so many queries are widened by their first hits (`molsearch.scoring.expansion`). More of
# them gain a third as much where a library is full of actives, and nothing where it holds a few.
WIDENED = 2


def widening(n_queries: int) -> int:
    """How many first hits widen so many queries, of a library that is large enough."""
    return HITS if n_queries <= WIDENED else 0


def balanced(
    n_queries: int, *, inactives: bool = False, rarity: bool = False, fusion: Fusion | None = None
) -> Expression:
    """Look up the expression that `balanced` stands for with so many queries.

    Parameters
    ----------
    inactives
        Whether inactives are known.
    rarity
        Whether the encoder has reference compounds.
    fusion
        Over queries, in place of those of the rule.
    """
    rule = parse_expression(_rule(RULES if rarity else WITHOUT_RARITY, n_queries))
    found = rule.fused_by(fusion or "max", always=fusion is not None, but=(RARITY,))
    more = _rule(WITH_INACTIVES, n_queries) if inactives else ""
    return Expression((*found.terms, *parse_expression(more).terms)) if more else found


def _rule(rules: tuple[tuple[int, str], ...], n_queries: int) -> str:
    return [text for least, text in rules if n_queries >= least][-1]
