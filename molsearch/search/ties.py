"""The order of rows with equal scores: by molecule_id, then by record number.

Within a shard their stored ranks say it (`molsearch.index.ranks`). Records are read only to compare
rows of different shards, and of shards older than ranks; of these only what may be needed.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from molsearch.index.ranks import TIE_COLUMNS
from molsearch.index.reader import IndexReader

_GROUP = "_group"


def in_order(
    reader: IndexReader,
    shards: NDArray[np.int64],
    places: NDArray[np.int64],
    scores: NDArray[np.float64],
    n: int,
) -> NDArray[np.int64]:
    """Order rows best first, those of equal score by id; the first `n` of them.

    Parameters
    ----------
    shards, places
        Where each row stands.
    scores
        float64, none of them NaN.

    Returns
    -------
    Indices into what is given.
    """
    groups = np.unique(-scores, return_inverse=True)[1].astype(np.int64)
    counts = np.bincount(groups)
    ranks, ranked = _ranks(reader, shards, places, np.flatnonzero(counts[groups] > 1))
    order = np.lexsort((ranks, shards, groups))
    # Of a shard whose rows are in order, no more of one score can be among the first `n` than
    # these have room for: of a million copies the others' ids are never read.
    before = np.concatenate([[0], np.cumsum(counts)])[groups[order]]
    order = order[~ranked[order] | (_place_in_run(groups[order], shards[order]) < n - before)]
    open_ = _undecided(groups[order], shards[order], ranked[order])
    if len(open_):
        some = order[open_]
        order[open_] = some[_by_ids(reader, shards[some], places[some], groups[some])]
    return order[:n]


def _ranks(
    reader: IndexReader,
    shards: NDArray[np.int64],
    places: NDArray[np.int64],
    tied: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Look up the stored rank of each row that is `tied`, and whether it has one."""
    ranks = np.zeros(len(places), np.int64)
    ranked = np.zeros(len(places), bool)
    for shard in np.unique(shards[tied]):
        stored = reader.ranks(int(shard))
        if stored is not None:
            mine = tied[shards[tied] == shard]
            ranks[mine] = stored.take(places[mine])[:, 0]
            ranked[mine] = True
    return ranks, ranked


def _place_in_run(*keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place of each element in its run of equal keys."""
    starts = _starts(*keys)
    return np.arange(len(starts)) - np.flatnonzero(starts)[np.cumsum(starts) - 1]


def _undecided(
    groups: NDArray[np.int64], shards: NDArray[np.int64], ranked: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Rows of scores that several shards share, or that several rows of a shard without ranks do.

    What is given is sorted by group, then by shard.
    """
    n_groups = int(groups.max(initial=-1)) + 1
    n_rows = np.bincount(groups, minlength=n_groups)
    n_shards = np.bincount(groups[_starts(groups, shards)], minlength=n_groups)
    unranked = np.bincount(groups[~ranked], minlength=n_groups) > 0
    return np.flatnonzero(((n_shards > 1) | (unranked & (n_rows > 1)))[groups])


def _starts(*keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each element begins a run of equal keys."""
    found = np.zeros(len(keys[0]), bool)
    found[:1] = True
    for key in keys:
        found[1:] |= key[1:] != key[:-1]
    return found


def _by_ids(
    reader: IndexReader,
    shards: NDArray[np.int64],
    places: NDArray[np.int64],
    groups: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Order of rows by group, and then by what the records say."""
    table = reader.take(shards, places, list(TIE_COLUMNS)).append_column(_GROUP, pa.array(groups))
    keys = [(name, "ascending") for name in (_GROUP, *TIE_COLUMNS)]
    return np.asarray(pc.sort_indices(table, sort_keys=keys)).astype(np.int64)
