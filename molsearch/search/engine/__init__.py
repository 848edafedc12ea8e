"""Exact search: a scan whose scores come with bounds, and float64 scores of what may belong.

A sieve of a shard finds the rows that could still be among the k best, with bounds on their scores:
in one pass of machine code (`fused`), or by arrays of scores (`scored`), for which a backend
(`floats`, `copied`) says how far each may be from the exact one. The pool keeps them while they
could be, and their exact scores decide: the
result equals that of scoring every stored embedding in float64, whichever found them; but for
a codec without a bound, whose lists are called approximate.
"""

from molsearch.search.engine.candidates import Candidates
from molsearch.search.engine.resident import Residents
from molsearch.search.engine.scan import CHUNK_ROWS, Excluded
from molsearch.search.engine.searching import Wanted, search, search_each, search_lists

__all__ = [
    "CHUNK_ROWS",
    "Candidates",
    "Excluded",
    "Residents",
    "Wanted",
    "search",
    "search_each",
    "search_lists",
]
