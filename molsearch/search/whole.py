"""The k best rows by a ranking with components that a scan knows no bound for: all are scored.

This is the exact path of expressions with further fingerprints or encoders: every row in float64,
some thousand at a time. `molsearch.search.engine` stays the path of what an index holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from molsearch.index.reader import IndexReader
from molsearch.scoring.blend import Blend
from molsearch.scoring.extra import Extra
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.search.engine import Candidates, Excluded
from molsearch.search.engine.searching import candidates_of
from molsearch.search.exact import Exact

_ROWS_AT_ONCE = 16_384


def search_whole(
    reader: IndexReader,
    queries: QuerySet,
    k: int,
    *,
    blend: Blend,
    extras: Sequence[Extra],
    against: Against | None = None,
    excluded: Excluded | None = None,
    least: float | None = None,
) -> Candidates:
    """Find the k rows with the best sums; equal ones by molecule_id, then by record number.

    Parameters
    ----------
    extras
        What is added to what `blend` gives, each times its weight.
    least
        Rows that rank by less are none of them.
    """
    exact = Exact(reader, replace(queries, fusion=blend.fusion), against, blend)
    best_rows = np.empty(0, dtype=np.int64)
    best_keys = np.empty(0)
    for shard, n_rows in enumerate(reader.shard_rows):
        for first in range(0, n_rows, _ROWS_AT_ONCE):
            places = np.arange(first, min(first + _ROWS_AT_ONCE, n_rows))
            if excluded is not None:
                places = places[~excluded[shard][places]]
            rows = reader.starts[shard] + places
            keys = exact.keys(exact.scores(rows)) + added(extras, np.full(len(rows), shard), places)
            if least is not None:
                rows, keys = rows[keys >= least], keys[keys >= least]
            best_rows = np.concatenate([best_rows, rows])
            best_keys = np.concatenate([best_keys, keys])
            if len(best_rows) > k:
                kept = exact.best(best_rows, best_keys, k)
                best_rows, best_keys = best_rows[kept], best_keys[kept]
    kept = exact.best(best_rows, best_keys, k)
    return _candidates(exact, best_rows[kept], extras)


def added(
    extras: Sequence[Extra], shards: NDArray[np.int64], places: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sum what further components add to the scores of rows, ``[n]``."""
    total = np.zeros(len(places))
    for extra in extras:
        if len(places):
            total += extra.term.weight * extra.fused(extra.scores(shards, places))
    return total


def _candidates(exact: Exact, rows: NDArray[np.int64], extras: Sequence[Extra]) -> Candidates:
    found = candidates_of(exact, rows, exact.scores(rows))
    return replace(found, scores=found.scores + added(extras, found.shards, found.rows))
