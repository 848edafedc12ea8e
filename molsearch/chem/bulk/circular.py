"""Circular environments of radius 0, 1 and 2 (Morgan)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.bulk.graphs import SINGLE, Graphs
from molsearch.chem.bulk.hashing import Hashes, combined, hashed

# Spread molecules over the words that bonds are kept in.
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Stereo:
    """What environments with chirality see besides.

    Attributes
    ----------
    atoms
        uint32 ``[N]``: 0 for an atom without a chiral tag, 3 for R, 2 for S, 1 for neither.
    kinds
        uint8 ``[2B]``: numbers of the types of bonds, which tell apart stereo double bonds.
    """

    atoms: NDArray[np.uint32]
    kinds: NDArray[np.uint8]


def environments(graphs: Graphs, stereo: Stereo | None = None) -> tuple[NDArray[np.int64], Hashes]:
    """Find the environments that RDKit's Morgan generator (radius 2) counts.

    An environment is a set of bonds. Of those that are the same set one counts: the one of least
    radius, and of these the one of least hash. In a molecule of three atoms or more those of
    radius 1 are all different, for two bonds meet in one atom. Of radius 2 that of an end atom is
    its neighbour's of radius 1, that of the middle of a star its own; no other is one of radius 1.

    Returns
    -------
    molecule, hash
        int64 and uint32, one an environment: those of radius 0 of all atoms first.
    """
    kinds = graphs.kinds if stereo is None else stereo.kinds
    chiral = np.zeros(len(graphs.molecule), bool)
    one = _grown(graphs, kinds, graphs.invariants, 0, stereo, chiral)
    two = _grown(graphs, kinds, one, 1, stereo, chiral)
    near = np.bitwise_or.reduceat(
        np.left_shift(np.uint64(1), graphs.bond.astype(np.uint64)), graphs.first[:-1]
    )
    # The neighbours' bonds, which include the atom's own.
    wide = np.bitwise_or.reduceat(near[graphs.end], graphs.first[:-1])
    inner = np.flatnonzero((graphs.degree > 1) & (wide != near))
    of, least = _least_of_equals(graphs.molecule[inner], wide[inner], two[inner])
    return (
        np.concatenate([graphs.molecule, graphs.molecule, of]),
        np.concatenate([graphs.invariants, one, least]),
    )


def _grown(
    graphs: Graphs,
    kinds: NDArray[np.uint8],
    invariants: Hashes,
    layer: int,
    stereo: Stereo | None,
    chiral: NDArray[np.bool_],
) -> Hashes:
    """Hash each atom with its neighbours, these in the order of bond type and own hash.

    `chiral` marks atoms that were found to be chiral, and is brought up to date.
    """
    atom = graphs.begin.astype(np.uint64) << np.uint64(40)
    keys = atom | (kinds.astype(np.uint64) << np.uint64(32)) | invariants[graphs.end]
    keys.sort()
    kind = ((keys >> np.uint64(32)) & np.uint64(0xFF)).astype(np.uint32)
    neighbour = hashed(kind, keys.astype(np.uint32))
    found = combined(np.full(len(invariants), layer, np.uint32), invariants)
    degree = graphs.degree
    for place in range(int(degree.max(initial=0))):
        some = np.flatnonzero(degree > place)
        found[some] = combined(found[some], neighbour[graphs.first[some] + place])
    if stereo is None:
        return found
    # A tag counts once the neighbours, held by single bonds, are all different.
    unlike = kind == SINGLE
    unlike[1:] &= keys[1:] != keys[:-1]
    chiral |= np.logical_and.reduceat(unlike, graphs.first[:-1])
    tagged = np.flatnonzero(chiral & (stereo.atoms > 0))
    found[tagged] = combined(found[tagged], stereo.atoms[tagged])
    return found


def _least_of_equals(
    molecule: NDArray[np.int64], bonds: NDArray[np.uint64], hashes: Hashes
) -> tuple[NDArray[np.int64], Hashes]:
    """Return each molecule's different sets of bonds by the least of their hashes."""
    if not len(bonds):
        return molecule, hashes
    order = np.argsort(bonds * _ODD + molecule.astype(np.uint64))
    if not _is_grouped(molecule[order], bonds[order]):
        order = np.lexsort((bonds, molecule))
    molecule, bonds = molecule[order], bonds[order]
    first = np.flatnonzero(_begins(molecule, bonds))
    return molecule[first], np.minimum.reduceat(hashes[order], first)


def _begins(molecule: NDArray[np.int64], bonds: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Mark where another set begins."""
    new = np.ones(len(bonds), bool)
    new[1:] = (molecule[1:] != molecule[:-1]) | (bonds[1:] != bonds[:-1])
    return new


def _is_grouped(molecule: NDArray[np.int64], bonds: NDArray[np.uint64]) -> bool:
    """Whether keys that are equal belong to sets that are."""
    keys = bonds * _ODD + molecule.astype(np.uint64)
    return not bool(np.any((keys[1:] == keys[:-1]) & _begins(molecule, bonds)[1:]))
