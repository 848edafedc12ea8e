"""Which atoms hold each substructure of a molecule, and what is left of it without one atom.

An encoder of bags and a fingerprint see a molecule as substructures alone. Hiding an atom from
them leaves out every substructure that holds it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from molsearch.chem.features import MAX_COUNT, Buckets, counters
from molsearch.chem.fingerprints import N_BITS, generator


@dataclass(frozen=True, slots=True)
class Holders:
    """Substructures of a molecule of n atoms, and how many of each an atom is part of.

    Attributes
    ----------
    keys
        int64 ``[f]``: the distinct substructures, ascending.
    counts
        int64 ``[f]``: how often each occurs.
    held
        int64 ``[f, n]``: how many of these occurrences each atom is part of.
    """

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    held: NDArray[np.int64]

    def without_each(self) -> NDArray[np.int64]:
        """Occurrences that are left when an atom is hidden: ``[n, f]``, a row an atom."""
        return self.counts - self.held.T


def bag_holders(mol: Chem.Mol, buckets: Buckets) -> Holders:
    """Find the atoms of what `molsearch.chem.features.bag_of` counts; the same keys and counts."""
    bonds = _bonds(mol)
    keys: list[int] = []
    groups: list[NDArray[np.bool_]] = []
    for start, made in counters(buckets):
        for bucket, atoms in _occurrences(mol, made, bonds):
            keys.append(start + bucket)
            groups.append(atoms)
    return _holders(keys, groups, mol.GetNumAtoms())


def ecfp4_holders(mol: Chem.Mol) -> Holders:
    """Find the atoms of each bit of `molsearch.chem.fingerprints.ecfp4`."""
    found = list(_occurrences(mol, generator("ecfp4"), _bonds(mol)))
    return _holders([key for key, _ in found], [one for _, one in found], mol.GetNumAtoms())


def bags_without_each(
    holders: Holders,
) -> tuple[list[NDArray[np.uint16]], list[NDArray[np.uint8]]]:
    """Bags of a molecule with each of its n atoms hidden, as `bag_of` gives them whole."""
    left = np.minimum(holders.without_each(), MAX_COUNT)
    bags = [holders.keys[row > 0].astype(np.uint16) for row in left]
    return bags, [row[row > 0].astype(np.uint8) for row in left]


def bits_without_each(holders: Holders) -> NDArray[np.uint8]:
    """Packed fingerprints ``[n, 256]`` of a molecule with each of its n atoms hidden."""
    left = holders.without_each() > 0
    bits = np.zeros((len(left), N_BITS), np.uint8)
    bits[:, holders.keys] = left
    return np.packbits(bits, axis=1)


def _bonds(mol: Chem.Mol) -> NDArray[np.float64]:
    """Bonds between any two atoms ``[n, n]``."""
    return np.asarray(Chem.GetDistanceMatrix(mol))


def _occurrences(
    mol: Chem.Mol, made: Any, bonds: NDArray[np.float64]
) -> Iterable[tuple[int, NDArray[np.bool_]]]:
    """Yield each occurrence of each substructure, with the atoms that are part of it."""
    told = rdFingerprintGenerator.AdditionalOutput()
    told.AllocateBitInfoMap()
    told.AllocateBitPaths()
    made.GetCountFingerprint(mol, additionalOutput=told)
    n = mol.GetNumAtoms()
    paths: Mapping[int, Any] = told.GetBitPaths()
    if paths:
        for bucket, places in paths.items():
            for path in places:
                yield bucket, _mask(n, list(path))
        return
    circular = isinstance(made, _circular())
    for bucket, places in told.GetBitInfoMap().items():
        for first, second in places:
            if circular:
                yield bucket, bonds[first] <= second
            else:
                yield bucket, _mask(n, [first, second])
