"""Featurised molecules of any number, as flat arrays: what a batch is cut out of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.counters import RADIUS
from molsearch.chem.features import ATOM_FIELDS, Features
from molsearch.words import counted

_N_FIELDS = len(ATOM_FIELDS) + 1
_OPTIONAL = ("more_start", "more")


@dataclass(frozen=True, slots=True)
class GraphStore:
    """Molecules `g` in ``0 .. len - 1``, each the atoms ``atom_start[g]:atom_start[g + 1]``.

    Attributes
    ----------
    bag_start, atom_start, bond_start
        int64 ``[G + 1]``: where each molecule's substructures, atoms and bonds begin.
    bag, counts
        uint16 and uint8 ``[K]``: substructures and how often each occurs, see
        :class:`molsearch.chem.features.Features`.
    environments, atoms
        uint16 ``[N, 3]`` and uint8 ``[N, 9]``, see :class:`molsearch.chem.features.Features`.
    bonds
        uint16 ``[M, 3]``: begin and end within the molecule, and the bond's code.
    coords
        int16 ``[N, 3]``, thousandths of an Å; zeros where `has_geometry` is false.
    has_geometry
        bool ``[G]``: whether the coordinates are a conformer.
    more_start, more
        int64 ``[G + 1]`` and int16 ``[F, 3]``: where each molecule's further conformers begin,
        and their coordinates, one conformer after another; None where nobody has several.
    """

    bag_start: NDArray[np.int64]
    atom_start: NDArray[np.int64]
    bond_start: NDArray[np.int64]
    bag: NDArray[np.uint16]
    counts: NDArray[np.uint8]
    environments: NDArray[np.uint16]
    atoms: NDArray[np.uint8]
    bonds: NDArray[np.uint16]
    coords: NDArray[np.int16]
    has_geometry: NDArray[np.bool_]
    more_start: NDArray[np.int64] | None = None
    more: NDArray[np.int16] | None = None

    def __len__(self) -> int:
        return len(self.has_geometry)

    @property
    def n_atoms(self) -> NDArray[np.int64]:
        """int64 ``[G]``: heavy atoms of each molecule; 0 where only the bag is held."""
        return np.diff(self.atom_start)

    @property
    def n_conformers(self) -> NDArray[np.int64]:
        """int64 ``[G]``: conformers of each molecule."""
        one = self.has_geometry.astype(np.int64)
        if self.more_start is None:
            return one
        return one + np.diff(self.more_start) // np.maximum(self.n_atoms, 1)

    def conformer(self, row: int, number: int) -> NDArray[np.int16]:
        """int16 ``[n_atoms, 3]``: coordinates of one of a molecule's conformers, from 0."""
        n = int(self.atom_start[row + 1] - self.atom_start[row])
        if number == 0 or self.more is None or self.more_start is None:
            return self.coords[self.atom_start[row] :][:n]
        return self.more[self.more_start[row] + (number - 1) * n :][:n]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """int64 ``[G]``: what it costs to embed each molecule, in no unit; for batches of like."""
        return np.diff(self.atom_start) + np.diff(self.bag_start)

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` an array; `folder` is a cache, its owner decides when it is whole."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.__slots__:
            if (array := getattr(self, name)) is not None:
                np.save(folder / f"{name}.npy", array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> GraphStore:
        """Map the arrays that :meth:`save` wrote; nothing is read before it is used."""
        arrays: dict[str, Any] = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in cls.__slots__
            if name not in _OPTIONAL or (folder / f"{name}.npy").exists()
        }
        return cls(**arrays)


def build_store(
    molecules: Iterable[Features], conformers: Sequence[NDArray[np.int16] | None]
) -> GraphStore:
    """Join featurised molecules and their conformers.

    Parameters
    ----------
    molecules
        G featurised molecules.
    conformers
        G arrays ``[n_atoms, 3]`` in thousandths of an Å, or ``[k, n_atoms, 3]`` of k conformers,
        or None for a molecule without 3D.

    Raises
    ------
    ValueError
        If a conformer does not have one row per atom.
    """
    parts = list(molecules)
    coords, more = [], []
    for part, conformer in zip(parts, conformers, strict=True):
        shape = (len(part.atoms), 3)
        if conformer is not None and conformer.shape[-2:] != shape:
            raise ValueError(
                f"a conformer of shape {conformer.shape} for {counted(shape[0], 'atom')}"
            )
        several = np.zeros(shape, np.int16) if conformer is None else conformer
        several = several if several.ndim == 3 else several[None]
        coords.append(several[0])
        more.append(several[1:].reshape(-1, 3))
    return GraphStore(
        bag_start=_starts([len(part.bag) for part in parts]),
        atom_start=_starts([len(part.atoms) for part in parts]),
        bond_start=_starts([len(part.bonds) for part in parts]),
        bag=np.concatenate([np.zeros(0, np.uint16), *(part.bag for part in parts)]),
        counts=np.concatenate([np.zeros(0, np.uint8), *(part.counts for part in parts)]),
        environments=_join([part.environments for part in parts], RADIUS + 1, np.uint16),
        atoms=_join([part.atoms for part in parts], _N_FIELDS, np.uint8),
        bonds=_join([part.bonds for part in parts], 3, np.uint16),
        coords=_join(coords, 3, np.int16),
        has_geometry=np.array([c is not None for c in conformers], np.bool_),
        **_further([len(part) for part in more], more),
    )


def bag_store(
    bags: Sequence[NDArray[np.uint16]], counts: Sequence[NDArray[np.uint8]]
) -> GraphStore:
    """Join G molecules of which the bags alone are seen."""
    n = len(bags)
    return GraphStore(
        bag_start=_starts([len(bag) for bag in bags]),
        atom_start=np.zeros(n + 1, np.int64),
        bond_start=np.zeros(n + 1, np.int64),
        bag=np.concatenate([np.zeros(0, np.uint16), *bags]),
        counts=np.concatenate([np.zeros(0, np.uint8), *counts]),
        environments=np.zeros((0, RADIUS + 1), np.uint16),
        atoms=np.zeros((0, _N_FIELDS), np.uint8),
        bonds=np.zeros((0, 3), np.uint16),
        coords=np.zeros((0, 3), np.int16),
        has_geometry=np.zeros(n, np.bool_),
    )


def concatenate(stores: Sequence[GraphStore]) -> GraphStore:
    """Join stores end to end."""
    return GraphStore(
        bag_start=_starts(np.concatenate([np.diff(s.bag_start) for s in stores]).tolist()),
        atom_start=_starts(np.concatenate([s.n_atoms for s in stores]).tolist()),
        bond_start=_starts(np.concatenate([np.diff(s.bond_start) for s in stores]).tolist()),
        bag=np.concatenate([s.bag for s in stores]),
        counts=np.concatenate([s.counts for s in stores]),
        environments=np.concatenate([s.environments for s in stores]),
        atoms=np.concatenate([s.atoms for s in stores]),
        bonds=np.concatenate([s.bonds for s in stores]),
        coords=np.concatenate([s.coords for s in stores]),
        has_geometry=np.concatenate([s.has_geometry for s in stores]),
        **_further(
            np.concatenate([_n_further(s) for s in stores]).tolist(),
            [s.more for s in stores if s.more is not None],
        ),
    )


def take(store: GraphStore, rows: NDArray[np.int64]) -> GraphStore:
    """Copy the chosen molecules, in order, into a store of their own."""
    atoms, bonds = spans(store.atom_start, rows), spans(store.bond_start, rows)
    n_bonds = store.bond_start[rows + 1] - store.bond_start[rows]
    bags = spans(store.bag_start, rows)
    return GraphStore(
        bag_start=_starts((store.bag_start[rows + 1] - store.bag_start[rows]).tolist()),
        atom_start=_starts((store.atom_start[rows + 1] - store.atom_start[rows]).tolist()),
        bond_start=_starts(n_bonds.tolist()),
        bag=store.bag[bags],
        counts=store.counts[bags],
        environments=store.environments[atoms],
        atoms=store.atoms[atoms],
        bonds=store.bonds[bonds],
        coords=store.coords[atoms],
        has_geometry=store.has_geometry[rows],
        **_further(_n_further(store)[rows].tolist(), _more_of(store, rows)),
    )


def one_by_one(store: GraphStore) -> tuple[GraphStore, NDArray[np.int64]]:
    """Make a molecule of each conformer.

    Returns
    -------
    store, owner
        The molecules, and int64: the row of `store` that each was made of.
    """
    n = np.maximum(store.n_conformers, 1)
    owner = np.repeat(np.arange(len(store)), n)
    parts = [store.conformer(row, i) for row in range(len(store)) for i in range(n[row])]
    copies = replace(take(store, owner), more_start=None, more=None)
    return replace(copies, coords=_join(parts, 3, np.int16)), owner


def spans(start: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row numbers of the chosen segments, in order.

    Examples
    --------
    >>> spans(np.array([0, 2, 5]), np.array([1, 0])).tolist()
    [2, 3, 4, 0, 1]
    """
    lengths = start[chosen + 1] - start[chosen]
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    offsets = np.repeat(start[chosen] - (ends - lengths), lengths)
    return np.arange(total, dtype=np.int64) + offsets


def _n_further(store: GraphStore) -> NDArray[np.int64]:
    """Rows of each molecule's further conformers."""
    if store.more_start is None:
        return np.zeros(len(store), np.int64)
    return np.diff(store.more_start)


def _more_of(store: GraphStore, rows: NDArray[np.int64]) -> list[NDArray[np.int16]]:
    if store.more is None or store.more_start is None:
        return []
    return [store.more[spans(store.more_start, rows)]]


def _further(lengths: Sequence[int], parts: Sequence[NDArray[np.int16]]) -> dict[str, Any]:
    """Fields of further conformers; none where there are none, as in stores of one each."""
    if not any(lengths):
        return {}
    return {"more_start": _starts(lengths), "more": _join(list(parts), 3, np.int16)}


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _join(parts: Sequence[NDArray[Any]], width: int, dtype: type) -> NDArray[Any]:
    return np.concatenate([np.zeros((0, width), dtype), *parts])
