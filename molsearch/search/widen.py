"""A first search whose hits widen the queries of the one that is told (`scoring.expansion`).

Filters, exclusions and a threshold have no part in it: what a molecule scores depends on the
library and on what is known, not on what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from molsearch import schema
from molsearch.config import ScreenConfig
from molsearch.errors import UsageError
from molsearch.index.reader import IndexReader
from molsearch.scoring.default import BALANCED, widening
from molsearch.scoring.expansion import n_hits, widened
from molsearch.scoring.queryset import QuerySet
from molsearch.scoring.ranking import MOLSEARCH, Ranking
from molsearch.search.engine import Candidates
from molsearch.search.queries import Query
from molsearch.search.skeletons import Skeletons

_DEEPEST = 20_000  # rows in which hits are sought: beyond, there are copies of what is known alone
_DEEPER = 4

First = Callable[[int], Candidates]


def refuse_without_embedding(config: ScreenConfig, ranking: Ranking) -> None:
    """Refuse hits that are to move queries which no encoder looks at.

    Raises
    ------
    UsageError
        As it says.
    """
    if config.expand and ranking.embedding is None:
        raise UsageError(
            f"--expand moves embeddings of queries, and --rank {ranking.asked[:80]!r} looks at "
            f"none; add {MOLSEARCH}, or leave --expand out"
        )


def hits_that_widen(
    config: ScreenConfig, ranking: Ranking, queries: Sequence[Query], n_rows: int
) -> int:
    """How many first hits widen the queries of a screen.

    Where nothing is asked for, those of the default ranking do, of as few queries as gain by it,
    all with structures: with a vector alone the first hits are those of the encoder, which is not
    what was tried.
    """
    asked = config.expand
    if asked is None:
        default = ranking.asked == BALANCED and all(query.has_structure for query in queries)
        asked = widening(len(queries)) if default else 0
    return n_hits(n_rows, asked)


def widened_by_hits(
    first: First, n: int, reader: IndexReader, queries: QuerySet, known: Skeletons
) -> tuple[QuerySet, tuple[str, ...]]:
    """Move queries towards the mean of the first `n` hits that are not known.

    A library may hold a molecule many times, as salts, stereoisomers or copies, and so what is
    known: it is searched deeper until enough others are found.

    Parameters
    ----------
    first
        Gives so many best rows of the whole library.
    known
        Of the queries, which count already, and of known inactives.

    Returns
    -------
    The queries, and the ids of the hits that have moved them.
    """
    depth = n + min(len(known), _DEEPEST)
    while True:
        found = first(depth)
        told = reader.take(found.shards, found.rows, [schema.INCHIKEY, schema.MOLECULE_ID])
        others = np.flatnonzero(~known.among(told.column(0).to_pylist()))
        if len(others) >= n or len(found) < depth or depth >= _DEEPEST:
            break
        depth *= _DEEPER
    found, ids = found.take(others[:n]), told.column(1).take(others[:n]).to_pylist()
    hits = np.empty((len(found), queries.vectors.shape[1]), np.float32)
    for shard in np.unique(found.shards):
        mine = np.flatnonzero(found.shards == shard)
        rows = found.rows[mine]
        hits[mine] = reader.checked_embeddings(int(shard)).take(rows).astype(np.float32)
    return replace(queries, vectors=widened(queries.vectors, hits)), tuple(ids)
