"""The k best rows of an index, for queries together or each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.errors import UsageError
from molsearch.index.reader import IndexReader
from molsearch.index.vectors.measured import DEEPER
from molsearch.scoring.blend import Blend
from molsearch.scoring.plan import ScanPlan, plan_of, shared_plan
from molsearch.scoring.queryset import Against, QuerySet, coarse
from molsearch.search.engine.candidates import Candidates
from molsearch.search.engine.resident import Residents, residents_of
from molsearch.search.engine.rounding import error_of, error_of_cosines
from molsearch.search.engine.scan import CHUNK_ROWS, Excluded, scan
from molsearch.search.exact import Exact
from molsearch.search.pool import Pool
from molsearch.words import counted


def search(
    reader: IndexReader,
    queries: QuerySet,
    k: int,
    *,
    device: torch.device | str = "cpu",
    residents: Residents | None = None,
    blend: Blend | None = None,
    against: Against | None = None,
    excluded: Excluded | None = None,
    least: float | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> Candidates:
    """Find the k rows with the best fused scores.

    The result equals that of scoring every stored embedding (and fingerprint) in float64; equal
    scores are ordered by molecule_id, then by record number, also where the k-th and the next
    are equal.

    Parameters
    ----------
    k
        Rows wanted; all rows where it is larger than the library.
    blend
        Weights of cosines and stored fingerprints; the fused cosines alone by default.
    against
        Known inactives: rows are ranked by ``score - weight * nearest inactive's score``,
        exactly and over the whole library too.
    excluded
        For each shard, bool ``[rows]``: rows out of consideration.
    least
        What the score (less what inactives take from it) of a row must reach; the k best
        of those that do.
    device
        Where rows are scanned; on CUDA devices shards stay from search to search
        (`molsearch.search.engine.resident`).
    residents
        Devices that scan, in place of `device`: the same code on any device.
    chunk_rows
        Rows scored at a time, which bounds the memory used; the result does not depend on it.

    Raises
    ------
    UsageError
        `k` is not positive, or the queries' dimension is not the index's.
    IndexCorruptError
        An embedding is not finite, or a file cannot be read.
    """
    blend = blend or Blend(fusion=queries.fusion)
    exact = exact_of(reader, replace(queries, fusion=blend.fusion), k, against, blend)
    plan = plan_of(exact.queries, blend, against)
    pool = pool_of(exact, k, least)
    error = error_of(queries, blend, against)
    scan(reader, plan, [pool], error, residents or _residents(device), excluded, chunk_rows)
    return candidates_of(exact, *pool.result())


def search_each(
    reader: IndexReader,
    queries: QuerySet,
    k: int,
    *,
    device: torch.device | str = "cpu",
    residents: Residents | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> list[Candidates]:
    """Find the k best rows for each query by itself, in one pass over the library.

    The query scores of each list are those of its own query alone, ``[n, 1]``.
    """
    plan = ScanPlan(coarse(queries, each=True))
    alone = [queries.only(query) for query in range(queries.n_queries)]
    exacts = [exact_of(reader, one, k) for one in alone]
    pools = [pool_of(exact, k) for exact in exacts]
    error = error_of_cosines(queries)
    scan(reader, plan, pools, error, residents or _residents(device), None, chunk_rows)
    return [candidates_of(exact, *pool.result()) for pool, exact in zip(pools, exacts, strict=True)]


@dataclass(frozen=True)
class Wanted:
    """What one list of several is to hold; see `search`."""

    queries: QuerySet
    k: int
    blend: Blend | None = None
    least: float | None = None


def search_lists(
    reader: IndexReader, wanted: Sequence[Wanted], *, chunk_rows: int = CHUNK_ROWS
) -> list[Candidates]:
    """Find what `search` finds for each of several, in one pass over the library.

    The lists have nothing to do with each other: each has queries, a ranking and a length of its
    own. Bounds are the widest of all, which lets more rows be scored exactly and changes no list.

    Raises
    ------
    UsageError, IndexCorruptError
        As of `search`, for any of them.
    """
    blends = [one.blend or Blend(fusion=one.queries.fusion) for one in wanted]
    exacts = [
        exact_of(reader, replace(one.queries, fusion=blend.fusion), one.k, None, blend)
        for one, blend in zip(wanted, blends, strict=True)
    ]
    plan = shared_plan([exact.queries for exact in exacts], blends)
    if len({one.rarity.reference.key for one in blends if one.rarity is not None}) > 1:
        # Copies of an encoder with other reference compounds: a scan tells rarity by one of them.
        return [
            search(
                reader, one.queries, one.k, blend=one.blend, least=one.least, chunk_rows=chunk_rows
            )
            for one in wanted
        ]
    pools = [pool_of(exact, one.k, one.least) for one, exact in zip(wanted, exacts, strict=True)]
    error = max(error_of(e.queries, blend, None) for e, blend in zip(exacts, blends, strict=True))
    scan(reader, plan, pools, error, None, None, chunk_rows)
    return [candidates_of(exact, *pool.result()) for pool, exact in zip(pools, exacts, strict=True)]


def _residents(device: torch.device | str) -> Residents | None:
    found = torch.device(device)
    return None if found.type == "cpu" else residents_of(found)


def pool_of(exact: Exact, k: int, least: float | None = None) -> Pool:
    """Make the pool of a search for `k` hits of at least a score.

    It keeps more candidates where the index's codec has no bound that says which may be left out.
    """
    codec = exact.reader.codec
    return Pool(k, exact, least, k if codec is None or codec.bounded else DEEPER * k)


def exact_of(
    reader: IndexReader,
    queries: QuerySet,
    k: int,
    against: Against | None = None,
    blend: Blend | None = None,
) -> Exact:
    """Score rows exactly for a search.

    Raises
    ------
    UsageError
        As of `search`.
    """
    if k <= 0:
        raise UsageError(f"k is the number of hits wanted: it must be at least 1, not {k}")
    if queries.vectors.shape[1] != reader.dim:
        raise UsageError(
            f"queries have {counted(queries.vectors.shape[1], 'dimension')}, the index {reader.dim}"
        )
    return Exact(reader, queries, against, blend)


def candidates_of(exact: Exact, rows: NDArray[np.int64], scores: NDArray[np.float64]) -> Candidates:
    """Give ranked rows, with what `Exact.scores` says of them, as candidates."""
    shards, places = exact.locate(rows)
    cosines, likeness, rarity, _ = exact.parts(scores)
    return Candidates(shards, places, exact.keys(scores), cosines, likeness, rarity)
