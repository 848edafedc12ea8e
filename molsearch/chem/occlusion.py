"""Which atoms hold each substructure of a molecule, and what is left of it without one atom.

An encoder of bags and a fingerprint see a molecule as substructures alone. Hiding an atom from
them leaves out every substructure that holds it, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from molsearch.chem.counters import Buckets, counters
from molsearch.chem.features import MOST
from molsearch.chem.fingerprints import FINGERPRINTS, generator

# A fingerprint that simulates counts has a bit for each of these that a count reaches.
_LEAST_COUNTS = (1, 2, 4, 8)
_CIRCULAR = ("ecfp4", "fcfp4")
_COUNTED = {
    "torsion": rdFingerprintGenerator.GetTopologicalTorsionGenerator,
    "atom-pair": rdFingerprintGenerator.GetAtomPairGenerator,
}
#: Fingerprints whose bits are told by atoms.
HIDEABLE = (*_CIRCULAR, *_COUNTED, "path", "path-1024", "rdkit")

# Bucket of each occurrence, int64 [m], and the atoms that are part of it, bool [m, n].
_Found = tuple[NDArray[np.int64], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Holders:
    """Substructures of a molecule of n atoms, and the atoms that each occurrence of one holds.

    Attributes
    ----------
    keys
        int64 ``[f]``: the distinct substructures, ascending.
    counts
        int64 ``[f]``: how often each occurs.
    starts
        int64 ``[f]``: the first of its occurrences.
    atoms
        bool ``[m, n]``: the atoms that are part of each occurrence.
    """

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    starts: NDArray[np.int64]
    atoms: NDArray[np.bool_]

    def without(self, groups: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Count the occurrences that are left when atoms are hidden.

        Parameters
        ----------
        groups
            bool ``[g, n]``: the atoms hidden together.

        Returns
        -------
        int64 ``[g, f]``.
        """
        if not len(self.keys):
            return np.zeros((len(groups), 0), np.int64)
        touched = self.atoms.astype(np.float32) @ groups.T.astype(np.float32) > 0
        return self.counts - np.add.reduceat(touched.astype(np.int64), self.starts, axis=0).T


def bag_holders(mol: Chem.Mol, buckets: Buckets) -> Holders:
    """Find the atoms of what `molsearch.chem.features.bag_of` counts: the same keys and counts."""
    found = []
    for one in counters(buckets):
        if one.circular:
            keys, atoms = _circles(mol, one.generator, one.radius)
        else:
            keys, atoms = _paths(mol, one.generator)
        found.append((one.start + keys, atoms))
    return _holders(found)


def print_holders(mol: Chem.Mol, name: str) -> Holders:
    """Find the atoms of what a fingerprint counts before it sets bits.

    Parameters
    ----------
    name
        One of `HIDEABLE`.
    """
    if name in _CIRCULAR:
        return _holders([_circles(mol, generator(name))])
    if name in _COUNTED:
        return _holders([_paths(mol, _counting(name))])
    return _holders([_bond_paths(mol, generator(name))])


def bags_without(
    holders: Holders, groups: NDArray[np.bool_]
) -> tuple[list[NDArray[np.uint16]], list[NDArray[np.uint8]]]:
    """Bags of a molecule with each group of atoms hidden, as `bag_of` gives them whole."""
    left = np.minimum(holders.without(groups), MOST)
    bags = [holders.keys[row > 0].astype(np.uint16) for row in left]
    return bags, [row[row > 0].astype(np.uint8) for row in left]


def bits_without(holders: Holders, groups: NDArray[np.bool_], name: str) -> NDArray[np.uint8]:
    """Packed fingerprints ``[g, n_bytes]`` of a molecule with each group of atoms hidden.

    Parameters
    ----------
    holders
        Of the fingerprint `name`, by `print_holders`.
    """
    left = holders.without(groups)
    bits = np.zeros((len(groups), 8 * FINGERPRINTS[name].n_bytes), np.uint8)
    if name in _COUNTED:
        for offset, least in enumerate(_LEAST_COUNTS):
            bits[:, len(_LEAST_COUNTS) * holders.keys + offset] = left >= least
    else:
        bits[:, holders.keys] = left > 0
    return np.packbits(bits, axis=1)


@cache
def _counting(name: str) -> Any:
    """Return the generator whose counts are what the bits of a fingerprint stand for."""
    size = 8 * FINGERPRINTS[name].n_bytes // len(_LEAST_COUNTS)
    return _COUNTED[name](fpSize=size, countSimulation=False)


def _circles(mol: Chem.Mol, made: Any, radius: int | None = None) -> _Found:
    """Circular environments, of one radius or all: an atom and what lies so near to it."""
    told = _told(mol, made)
    keys, places = _flat(told.GetBitInfoMap(), 2)
    if radius is not None:
        counted = places[:, 1] == radius
        keys, places = keys[counted], places[counted]
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


def _bond_paths(mol: Chem.Mol, made: Any) -> _Found:
    """Paths and branched parts, which RDKit tells by their bonds."""
    found = _told(mol, made).GetBitPaths()
    sizes = [len(paths) for paths in found.values()]
    keys = np.repeat(np.array(list(found.keys()), np.int64), sizes)
    ends = np.array(
        [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()], np.int64
    ).reshape(-1, 2)
    atoms = np.zeros((len(keys), mol.GetNumAtoms()), np.bool_)
    paths = [path for some in found.values() for path in some]
    rows = np.repeat(np.arange(len(paths)), [len(path) for path in paths])
    bonds = np.array([bond for path in paths for bond in path], np.int64)
    atoms[rows[:, None], ends[bonds]] = True
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
    return Holders(keys, counts.astype(np.int64), starts.astype(np.int64), atoms[order])
