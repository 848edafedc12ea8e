"""Topological torsions: four atoms in a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.bulk.codes import LIMIT
from molsearch.chem.bulk.graphs import Graphs
from molsearch.chem.bulk.hashing import Hashes, hashed


def torsions(
    graphs: Graphs, codes: NDArray[np.uint32], order: Callable[[int], Sequence[int]]
) -> tuple[NDArray[np.int64], Hashes]:
    """Find the torsions that RDKit counts.

    A ring of three is one of them, from its first atom round to that atom again.

    Parameters
    ----------
    graphs, codes
        Molecules, and what their atoms are, see `molsearch.chem.bulk.codes`.
    order
        Of a molecule, its atoms in the order in which RDKit is to see them.

    Returns
    -------
    molecule, hash
        int64 and uint32, one a torsion.
    """
    a, b, c, d = _paths(graphs)
    closed = np.flatnonzero(a == d)
    if len(closed):
        rank = _ranks(graphs, np.unique(graphs.molecule[a[closed]]), order)
        first = rank[a[closed]] < np.minimum(rank[b[closed]], rank[c[closed]])
        kept = np.delete(np.arange(len(a)), closed[~first])
        a, b, c, d = a[kept], b[kept], c[kept], d[kept]
    # An atom at the end of a path has one bond along it, one within has two.
    outer = (codes - np.uint32(2)) % np.uint32(LIMIT) + np.uint32(1)
    inner = outer - np.uint32(1)
    ends, middles = (outer[a], outer[d]), (inner[b], inner[c])
    back = (ends[0] > ends[1]) | ((ends[0] == ends[1]) & (middles[0] > middles[1]))
    row = (ends[0], middles[0], middles[1], ends[1])
    hashes = hashed(
        *(np.where(back, two, one) for one, two in zip(row, reversed(row), strict=True))
    )
    return graphs.molecule[a], hashes


def _paths(graphs: Graphs) -> tuple[NDArray[np.int64], ...]:
    """Atoms a, b, c, d of all paths along three bonds, of which a and d may be one."""
    forth = graphs.begin < graphs.end
    b, c = graphs.begin[forth], graphs.end[forth]
    degree = graphs.degree
    counts = degree[b] * degree[c]
    bond = np.repeat(np.arange(len(b)), counts)
    place = np.arange(len(bond)) - np.repeat(np.cumsum(counts) - counts, counts)
    b, c = b[bond], c[bond]
    left, right = np.divmod(place, degree[c])
    a, d = graphs.end[graphs.first[b] + left], graphs.end[graphs.first[c] + right]
    real = (a != c) & (d != b)
    return a[real], b[real], c[real], d[real]


def _ranks(
    graphs: Graphs, molecules: NDArray[np.int64], order: Callable[[int], Sequence[int]]
) -> NDArray[np.int64]:
    """Place of each atom of some molecules in their order."""
    rank = np.zeros(len(graphs.molecule), np.int64)
    for one in molecules.tolist():
        atoms = np.asarray(order(one), np.int64)
        rank[graphs.start[one] + atoms] = np.arange(len(atoms))
    return rank
