"""Which atoms hold each substructure of a molecule, and what is left of it without one atom.

An encoder of bags and a fingerprint see a molecule as substructures alone. Hiding an atom from
them leaves out every substructure that holds it, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from molsearch.chem.features import MOST, Buckets, counters
from molsearch.chem.fingerprints import N_BITS, generator

# Bucket of each occurrence, int64 [m], and the atoms that are part of it, bool [m, n].
_Found = tuple[NDArray[np.int64], NDArray[np.bool_]]


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
        """Occurrences that are left when one atom is hidden: ``[n, f]``, a row an atom."""
        return self.counts - self.held.T


def bag_holders(mol: Chem.Mol, buckets: Buckets) -> Holders:
    """Find the atoms of what `molsearch.chem.features.bag_of` counts: the same keys and counts."""
    (first, environments), *paths = counters(buckets)
    keys, atoms = _circles(mol, environments)
    found = [(first + keys, atoms)]
    for start, made in paths:
        keys, atoms = _paths(mol, made)
        found.append((start + keys, atoms))
    return _holders(found)


def ecfp4_holders(mol: Chem.Mol) -> Holders:
    """Find the atoms of each bit of `molsearch.chem.fingerprints.ecfp4`."""
    return _holders([_circles(mol, generator("ecfp4"))])


def bags_without_each(
    holders: Holders,
) -> tuple[list[NDArray[np.uint16]], list[NDArray[np.uint8]]]:
    """Bags of a molecule with each of its n atoms hidden, as `bag_of` gives them whole."""
    left = np.minimum(holders.without_each(), MOST)
    bags = [holders.keys[row > 0].astype(np.uint16) for row in left]
    return bags, [row[row > 0].astype(np.uint8) for row in left]


def bits_without_each(holders: Holders) -> NDArray[np.uint8]:
    """Packed fingerprints ``[n, 256]`` of a molecule with each of its n atoms hidden."""
    left = holders.without_each() > 0
    bits = np.zeros((len(left), N_BITS), np.uint8)
    bits[:, holders.keys] = left
    return np.packbits(bits, axis=1)


def _circles(mol: Chem.Mol, made: Any) -> _Found:
    """Circular environments: an atom and what lies within so many bonds of it."""
    told = _told(mol, made)
    keys, places = _flat(told.GetBitInfoMap(), 2)
    near = Chem.GetDistanceMatrix(mol)[places[:, 0]] <= places[:, 1:]
    return keys, near.reshape(len(keys), mol.GetNumAtoms())


def _paths(mol: Chem.Mol, made: Any) -> _Found:
    """Torsions, which RDKit tells as paths of four atoms, or pairs of atoms."""
    told = _told(mol, made)
    paths = told.GetBitPaths()
    keys, places = _flat(paths, 4) if paths else _flat(told.GetBitInfoMap(), 2)
    atoms = np.zeros((len(keys), mol.GetNumAtoms()), np.bool_)
    atoms[np.arange(len(keys))[:, None], places] = True
    return keys, atoms


def _told(mol: Chem.Mol, made: Any) -> Any:
    told = rdFingerprintGenerator.AdditionalOutput()
    told.AllocateBitInfoMap()
    told.AllocateBitPaths()
    made.GetCountFingerprint(mol, additionalOutput=told)
    return told


def _flat(found: Any, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lay out occurrences by bucket: buckets ``[m]`` and their places ``[m, width]``."""
    sizes = [len(places) for places in found.values()]
    keys = np.repeat(np.array(list(found.keys()), np.int64), sizes)
    places = [place for some in found.values() for place in some]
    return keys, np.array(places, np.int64).reshape(-1, width)


def _holders(found: list[_Found]) -> Holders:
    buckets = np.concatenate([keys for keys, _ in found])
    atoms = np.concatenate([some for _, some in found])
    order = np.argsort(buckets, kind="stable")
    keys, starts, counts = np.unique(buckets[order], return_index=True, return_counts=True)
    held = np.zeros((len(keys), atoms.shape[1]), np.int64)
    if len(keys):
        held = np.add.reduceat(atoms[order].astype(np.int64), starts, axis=0)
    return Holders(keys, counts.astype(np.int64), held)
