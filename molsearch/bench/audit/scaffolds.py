"""Scaffolds of many training molecules, worked out only where one of them could be asked for.

A Murcko scaffold costs more than a fingerprint, and a benchmark asks for few of the hundreds of
thousands there are. What is left of a molecule once its chains are pruned, counted, is equal for
a molecule and its scaffold: only molecules with such a count in common with a scaffold asked for
are looked at, and what was found is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from rdkit import Chem

from molsearch.io.atomic import replacing

Hashes = npt.NDArray[np.uint64]
# Smiles of some molecules -> hashes of their scaffolds, in order.
Worker = Callable[[list[str]], Hashes]

_UNKNOWN = np.uint64(0)
_COUNTED = (7, 8, 16)  # N, O, S
_ATOM = re.compile(r"\[[^\]]*\]|Br|Cl|[BCNOPSFIbcnops]")
_SYMBOL = re.compile(r"\[\d*([A-Z][a-z]?|[a-z]+)")


class KnownScaffolds(Protocol):
    """Scaffolds of a training set."""

    def known(self, scaffolds: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether a training molecule has each scaffold, shape ``[n]``."""
        ...


def scaffold_hashes(scaffolds: Sequence[str]) -> Hashes:
    """Hash scaffold SMILES to 64 bits, so that a million of them are a small array."""
    digests = [hashlib.blake2b(s.encode(), digest_size=8).digest() for s in scaffolds]
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


@cache
def _element(token: str) -> int:
    """Atomic number of a SMILES atom."""
    found = _SYMBOL.match(token)
    symbol = (found.group(1) if found else token).capitalize()
    try:
        return int(Chem.GetPeriodicTable().GetAtomicNumber(symbol))
    except RuntimeError:
        return 0


def elements_of(smiles: str, mol: Chem.Mol) -> list[int]:
    """Atomic numbers in the order of the atoms; taken from the text, which is far cheaper."""
    found = [_element(token) for token in _ATOM.findall(smiles)]
    if len(found) == mol.GetNumAtoms():
        return found
    return [atom.GetAtomicNum() for atom in mol.GetAtoms()]


def core_keys(smiles: Sequence[str], mols: Sequence[Chem.Mol]) -> Hashes:
    """Count what is left of each molecule once its chains are pruned, shape ``[n]``.

    Atoms, bonds, nitrogens, oxygens and sulphurs of rings and of the chains between them, packed
    into one number; 0 for acyclic molecules. Equal for a molecule and its scaffold.

    Parameters
    ----------
    smiles, mols
        The molecules, and what each SMILES was read as.
    """
    first, second, elements = [], [], []
    sizes = np.array([mol.GetNumAtoms() for mol in mols], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    for text, mol, start in zip(smiles, mols, starts.tolist(), strict=True):
        one, other = np.nonzero(Chem.GetAdjacencyMatrix(mol))
        first.append(one + start)
        second.append(other + start)
        elements.extend(elements_of(text, mol))
    ends = np.concatenate(first) if first else np.zeros(0, np.int64)
    others = np.concatenate(second) if second else ends
    alive, bonds = _prune(ends, others, int(sizes.sum()))
    owner = np.repeat(np.arange(len(sizes)), sizes)
    kept = np.array(elements, dtype=np.int64)
    counts = [
        np.bincount(owner[alive], minlength=len(sizes)),
        np.bincount(owner[ends[bonds]], minlength=len(sizes)) // 2,
        *[np.bincount(owner[alive & (kept == z)], minlength=len(sizes)) for z in _COUNTED],
    ]
    keys = np.zeros(len(sizes), dtype=np.uint64)
    for count in counts:
        keys = (keys << np.uint64(12)) | count.astype(np.uint64)
    return keys


def _prune(
    ends: npt.NDArray[np.int64], others: npt.NDArray[np.int64], n: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Take away atoms of one neighbour until none is left: atoms that stay, bonds that stay."""
    alive = np.ones(n, dtype=bool)
    bonds = np.ones(len(ends), dtype=bool)
    while True:
        degree = np.bincount(ends[bonds], minlength=n)
        leaves = alive & (degree <= 1)
        if not leaves.any():
            return alive, bonds
        alive &= ~leaves
        bonds &= alive[ends] & alive[others]


class HashedScaffolds:
    """All scaffolds of a small training set.

    Parameters
    ----------
    scaffolds
        Their SMILES.
    """

    def __init__(self, scaffolds: Sequence[str]) -> None:
        self._hashes = np.unique(scaffold_hashes(scaffolds))

    def known(self, scaffolds: Sequence[str]) -> npt.NDArray[np.bool_]:
        """See `KnownScaffolds.known`."""
        return np.isin(scaffold_hashes(scaffolds), self._hashes)


class ScaffoldIndex:
    """Scaffolds of a large training set, worked out as they are asked for.

    Parameters
    ----------
    smiles
        The molecules.
    keys
        Their `core_keys`, shape ``[n]``.
    inside
        Which of them belong to the training set, shape ``[n]``.
    path
        Keeps what was worked out, for all training sets over the same molecules.
    work
        Hashes of the scaffolds of some SMILES.
    """

    def __init__(
        self,
        smiles: Sequence[str],
        keys: Hashes,
        inside: npt.NDArray[np.bool_],
        path: Path,
        work: Worker,
    ) -> None:
        self._smiles = smiles
        self._keys = keys
        self._inside = inside
        self._path = path
        self._work = work
        self._hashes = np.load(path) if path.is_file() else np.zeros(len(keys), np.uint64)

    def known(self, scaffolds: Sequence[str]) -> npt.NDArray[np.bool_]:
        """See `KnownScaffolds.known`."""
        asked = sorted(set(scaffolds) - {""})
        keys = np.unique(core_keys(asked, [Chem.MolFromSmiles(s) for s in asked]))
        rows = np.flatnonzero(self._inside & np.isin(self._keys, keys))
        new = rows[self._hashes[rows] == _UNKNOWN]
        if new.size:
            self._hashes[new] = self._work([self._smiles[row] for row in new])
            with replacing(self._path) as temporary, temporary.open("wb") as handle:
                np.save(handle, self._hashes)
        return np.isin(scaffold_hashes(scaffolds), self._hashes[rows])
