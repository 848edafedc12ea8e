"""Atoms and bonds of many molecules, end to end in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

#: Sets of atoms and of bonds of a molecule are kept in the bits of one word.
MOST = 64

SINGLE, DOUBLE, _TRIPLE, _AROMATIC = (
    int(kind)
    for kind in (
        *(Chem.BondType.SINGLE, Chem.BondType.DOUBLE),
        *(Chem.BondType.TRIPLE, Chem.BondType.AROMATIC),
    )
)
#: RDKit's number of a type of bond, by twice its order.
TYPES = np.zeros(7, np.uint8)
TYPES[[2, 3, 4, 6]] = (SINGLE, _AROMATIC, DOUBLE, _TRIPLE)


@dataclass(frozen=True, slots=True)
class Graphs:
    """Molecules `m` in ``0 .. M - 1``, each the atoms ``start[m]:start[m + 1]``, two or more.

    Attributes
    ----------
    start
        int64 ``[M + 1]``.
    molecule
        int64 ``[N]``: which molecule each atom belongs to.
    invariants
        uint32 ``[N]``: RDKit's connectivity invariants, with which circular environments begin.
    begin, end
        int64 ``[2B]``: each bond from either of its atoms, ascending.
    bond
        int64 ``[2B]``: its number within the molecule, equal for both directions.
    order
        float64 ``[2B]``: 1, 1.5, 2 or 3.
    first
        int64 ``[N + 1]``: where each atom's bonds begin.
    """

    start: NDArray[np.int64]
    molecule: NDArray[np.int64]
    invariants: NDArray[np.uint32]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    bond: NDArray[np.int64]
    order: NDArray[np.float64]
    first: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def degree(self) -> NDArray[np.int64]:
        """int64 ``[N]``: bonds of each atom, at least one."""
        return np.diff(self.first)

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """uint8 ``[2B]``: RDKit's numbers of the types of bonds."""
        return TYPES[(2 * self.order).astype(np.intp)]

    @property
    def local(self) -> NDArray[np.int64]:
        """int64 ``[N]``: number of each atom within its molecule."""
        return np.arange(len(self.molecule)) - self.start[self.molecule]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is asked of RDKit about one molecule: atom invariants and orders of bonds ``[n, n]``."""

    invariants: list[int]
    orders: NDArray[np.float64]


def fits(mol: Chem.Mol) -> bool:
    """Whether sets of a molecule's atoms and bonds fit a word."""
    return bool(mol.GetNumAtoms() <= MOST and mol.GetNumBonds() <= MOST)


def seen(mol: Chem.Mol) -> Seen:
    """Ask RDKit about a connected molecule of single, double, triple and aromatic bonds."""
    return Seen(
        rdMolDescriptors.GetConnectivityInvariants(mol),
        Chem.GetAdjacencyMatrix(mol, useBO=True),
    )


def joined(molecules: Sequence[Seen]) -> Graphs:
    """Lay molecules end to end."""
    sizes = np.array([len(one.invariants) for one in molecules], np.int64)
    start = np.concatenate([[0], np.cumsum(sizes)])
    squares = np.concatenate([[0], np.cumsum(sizes * sizes)])
    flat = np.concatenate([one.orders.ravel() for one in molecules])
    at = np.flatnonzero(flat != 0)
    bounds = np.searchsorted(at, squares)
    of = np.repeat(np.arange(len(sizes)), np.diff(bounds))
    width = sizes[of]
    row, column = np.divmod(at - squares[of], width)
    begin, end = row + start[of], column + start[of]
    forth = row < column
    number = np.zeros(len(flat), np.int64)
    number[at[forth]] = np.arange(int(forth.sum())) - bounds[of[forth]] // 2
    return Graphs(
        start=start,
        molecule=np.repeat(np.arange(len(sizes)), sizes),
        invariants=np.fromiter(
            chain.from_iterable(one.invariants for one in molecules), np.uint32, int(start[-1])
        ),
        begin=begin,
        end=end,
        bond=number[squares[of] + np.minimum(row, column) * width + np.maximum(row, column)],
        order=flat[at],
        first=np.searchsorted(begin, np.arange(start[-1] + 1)),
    )
