"""What `balanced` is: the ranking that screens use unless told otherwise.

The weights were chosen on the development screens alone, target by target on the others
(`benchmarks/choose_ranking.py`); the one place that states them is here.
"""

from __future__ import annotations

from molsearch.scoring.expression import Expression, parse_expression

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


def balanced(n_queries: int, *, inactives: bool = False) -> Expression:
    """Look up the expression that `balanced` stands for with so many queries.

    Parameters
    ----------
    inactives
        Whether inactives are known.
    """
    found = parse_expression(_rule(RULES, n_queries)).fused_by("max")
    more = _rule(WITH_INACTIVES, n_queries) if inactives else ""
    return Expression((*found.terms, *parse_expression(more).terms)) if more else found


def _rule(rules: tuple[tuple[int, str], ...], n_queries: int) -> str:
    return [text for least, text in rules if n_queries >= least][-1]
