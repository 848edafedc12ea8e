"""Molecules that an encoder cannot tell apart, whatever their SMILES look like."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sparse
from numpy.typing import NDArray

from molsearch.data.store import GraphStore


def bag_keys(store: GraphStore) -> NDArray[np.uint64]:
    """Hash each molecule's substructures and their counts, uint64 ``[G]``; order is of no account.

    Spellings of one molecule have one key. So do the few isomers that share all substructures,
    which to an encoder are one molecule too.
    """
    entry = store.bag.astype(np.uint64) << np.uint64(8) | store.counts.astype(np.uint64)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(_mixed(entry), dtype=np.uint64)])
    keys: NDArray[np.uint64] = _mixed(sums[store.bag_start[1:]] - sums[store.bag_start[:-1]])
    return keys


def pairs_of_same(
    rows: GraphStore, others: GraphStore, acts_on: sparse.csr_matrix
) -> sparse.csr_matrix:
    """Give each molecule of `rows` the targets of the same molecules among `others`.

    Parameters
    ----------
    acts_on
        Sparse bool ``[len(others), T]``.

    Returns
    -------
    csr_matrix
        Bool ``[len(rows), T]``.
    """
    names = pd.Index(bag_keys(others)).unique()
    own, theirs = (names.get_indexer(pd.Index(bag_keys(part))) for part in (rows, others))
    known = np.flatnonzero(own >= 0)
    left = _indicator(known, own[known], (len(rows), len(names)))
    right = _indicator(np.arange(len(theirs)), theirs, (len(theirs), len(names)))
    return ((left @ right.T @ acts_on.astype(np.int32)) > 0).tocsr()


def _indicator(
    rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(rows), np.int32), (rows, columns)), shape=shape)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit numbers (splitmix64), so that sums of few of them do not collide."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
