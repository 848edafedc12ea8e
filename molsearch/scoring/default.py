"""What `balanced` is: the ranking that screens use unless told otherwise.

The weights were chosen on the development screens alone, target by target on the others
(`benchmarks/choose_ranking.py`); the one place that states them is here.
"""

from __future__ import annotations

from molsearch.scoring.expression import Expression, parse_expression
from molsearch.scoring.fusion import Fusion

BALANCED = "balanced"
# From so many queries on: this expression. `molsearch` is the encoder of the index.
RULES: tuple[tuple[int, str], ...] = (
    (1, "molsearch+ecfp4"),
    (2, "molsearch-top2+ecfp4-max"),
    (3, "molsearch-top2+2*ecfp4-max"),
)
# The same for what known inactives add (`benchmarks/choose_inactives.py`): on targets that had no
# part in the choice nothing gained reliably with one query, and with two nothing among molecules
# that were measured; five and ten were tried above.
WITH_INACTIVES: tuple[tuple[int, str], ...] = ((1, ""), (5, "series"))
# What is added where the encoder can tell it: the same for every number of queries.
RARITY = "rarity"


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
    found = parse_expression(_rule(RULES, n_queries)).fused_by("max")
    if fusion is not None:
        found = found.fused_by(fusion, always=True)
    more = [RARITY] if rarity else []
    if inactives and (counted := _rule(WITH_INACTIVES, n_queries)):
        more.append(counted)
    return Expression((*found.terms, *(parse_expression(one).terms[0] for one in more)))


def _rule(rules: tuple[tuple[int, str], ...], n_queries: int) -> str:
    return [text for least, text in rules if n_queries >= least][-1]
