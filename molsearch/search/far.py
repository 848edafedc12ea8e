"""A search over the shards of an index by many workers: the hits of one process.

A worker finds the best rows of a shard exactly, with the bound that certifies them there; nobody
who is among the best of all is not among the best of his shard. The driver orders what comes back
by the same exact scores, and equal ones by id, as a search in one process does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import InputError, MolSearchError
from molsearch.index.reader import IndexReader, open_index
from molsearch.scoring.blend import Blend
from molsearch.scoring.plan import plan_of
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.search.engine.candidates import Candidates
from molsearch.search.engine.rounding import error_of
from molsearch.search.engine.scan import CHUNK_ROWS, Excluded, scan
from molsearch.search.engine.searching import candidates_of, exact_of, pool_of
from molsearch.work.backend import Backend, singly

_Found = tuple[NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True)
class _Search:
    """What every worker looks for."""

    path: str
    generation: int
    queries: QuerySet
    k: int
    blend: Blend
    against: Against | None
    least: float | None


def search_far(
    backend: Backend,
    reader: IndexReader,
    queries: QuerySet,
    k: int,
    *,
    blend: Blend,
    against: Against | None = None,
    excluded: Excluded | None = None,
    least: float | None = None,
) -> Candidates:
    """Find what `molsearch.search.engine.search` does, a shard of the index a piece of work.

    Parameters
    ----------
    backend
        Its workers see the index at the same path.

    Raises
    ------
    UsageError
        As of `molsearch.search.engine.search`.
    MolSearchError
        A worker does not see the index, or sees another.
    """
    queries = replace(queries, fusion=blend.fusion)
    exact = exact_of(reader, queries, k, against, blend)
    path, generation = str(reader.path.absolute()), reader.manifest.generation
    asked = _Search(path, generation, queries, k, blend, against, least)
    shards = (
        (number, None if excluded is None else excluded[number])
        for number in range(reader.n_shards)
    )
    rows = np.empty(0, np.int64)
    scores: NDArray[np.float64] | None = None
    for ((more, theirs),) in backend.map(partial(_best, asked=asked), singly(shards)):
        rows = np.concatenate([rows, more])
        scores = theirs if scores is None else np.concatenate([scores, theirs])
        best = exact.best(rows, exact.keys(scores), k)
        rows, scores = rows[best], scores[best]
    assert scores is not None, "an index without a shard"
    return candidates_of(exact, rows, scores)


def _best(shard: tuple[int, NDArray[np.bool_] | None], asked: _Search) -> _Found:
    """Find the best rows of a shard, and their exact scores."""
    number, out = shard
    reader = _opened(asked.path, asked.generation)
    excluded = None
    if out is not None:
        excluded = [np.empty(0, bool)] * reader.n_shards
        excluded[number] = out
    exact = exact_of(reader, asked.queries, asked.k, asked.against, asked.blend)
    plan = plan_of(exact.queries, asked.blend, asked.against)
    pool = pool_of(exact, asked.k, asked.least)
    error = error_of(asked.queries, asked.blend, asked.against)
    scan(reader, plan, [pool], error, None, excluded, CHUNK_ROWS, only=number)
    return pool.result()


@cache
def _opened(path: str, generation: int) -> IndexReader:
    import socket

    here = socket.gethostname()
    if not Path(path).is_dir():
        raise InputError(
            f"node {here} of the cluster does not see {path}: put the index where all nodes see it"
        )
    reader = open_index(path)
    if reader.manifest.generation != generation:
        raise MolSearchError(
            f"node {here} of the cluster sees another generation of {path}: run the same command "
            "again"
        )
    return reader
