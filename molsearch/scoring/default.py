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


def balanced(n_queries: int) -> Expression:
    """Look up the expression that `balanced` stands for with so many queries."""
    rule = [text for least, text in RULES if n_queries >= least][-1]
    return parse_expression(rule).fused_by("max")
