"""Molecules as an encoder of bags and fingerprints see them, whole and with atoms hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molsearch.chem.counters import Buckets
from molsearch.chem.features import bag_of
from molsearch.chem.fingerprints import packed_of
from molsearch.chem.occlusion import bag_holders, bags_without, bits_without, print_holders
from molsearch.chem.pieces import piece_smiles, pieces
from molsearch.data.store import GraphStore, bag_store
from molsearch.errors import InputError


class BagEncoder(Protocol):
    """An encoder that sees a molecule as a bag of substructures, as the one that ships does."""

    @property
    def sees_geometry(self) -> bool:
        """Whether conformers change an embedding: such an encoder is not explained."""
        ...

    @property
    def buckets(self) -> Buckets:
        """Hash spaces of the substructures that it looks at."""
        ...

    def encode_store(self, store: GraphStore) -> NDArray[np.float32]:
        """Embed every bag of a store, float32 ``[G, dim]``."""
        ...


@dataclass(frozen=True)
class Views:
    """Embeddings and fingerprints, row by row.

    Of one molecule these are it whole, it without each of its atoms, and it without each of its
    `pieces`.

    Attributes
    ----------
    vectors
        float64 ``[n, dim]``; None where no embedding counts.
    prints
        Packed fingerprints ``[n, n_bytes]``, one array a kind.
    """

    vectors: NDArray[np.float64] | None
    prints: tuple[NDArray[np.uint8], ...]
    n_atoms: int = 0
    pieces: tuple[str, ...] = ()

    def as_kept(self) -> Views:
        """Embeddings in the digits in which an index keeps them, by which hits were ranked."""
        if self.vectors is None:
            return self
        return replace(self, vectors=self.vectors.astype(np.float16).astype(np.float64))


@dataclass(frozen=True)
class Viewer:
    """Sees molecules through an encoder and fingerprints.

    Attributes
    ----------
    encoder
        None where fingerprints alone count.
    prints
        Names of the fingerprints.
    """

    encoder: BagEncoder | None
    prints: tuple[str, ...]

    def whole(self, smiles: Sequence[str]) -> Views:
        """See molecules as they are, none of their atoms hidden; one row a molecule."""
        mols = [_read(one) for one in smiles]
        prints = tuple(packed_of(name, smiles) for name in self.prints)
        if self.encoder is None:
            return Views(None, prints)
        bags = [bag_of(mol, self.encoder.buckets) for mol in mols]
        store = bag_store([bag for bag, _ in bags], [counts for _, counts in bags])
        return Views(self.encoder.encode_store(store).astype(np.float64), prints)

    def hidden(self, smiles: Sequence[str]) -> list[Views]:
        """See molecules whole and with atoms and pieces hidden, all in one batch."""
        hidden = [_Hidden.of(_read(one)) for one in smiles]
        prints = [tuple(one.bits(name) for name in self.prints) for one in hidden]
        parts: list[NDArray[np.float64] | None] = [None] * len(hidden)
        if self.encoder is not None:
            bags: list[NDArray[np.uint16]] = []
            counts: list[NDArray[np.uint8]] = []
            for one in hidden:
                some, n_some = one.bags(self.encoder.buckets)
                bags += some
                counts += n_some
            vectors = self.encoder.encode_store(bag_store(bags, counts)).astype(np.float64)
            ends = np.cumsum([len(one.groups) for one in hidden])
            parts = list(np.split(vectors, ends[:-1]))
        return [
            Views(part, some, one.mol.GetNumAtoms(), one.pieces)
            for part, some, one in zip(parts, prints, hidden, strict=True)
        ]


@dataclass(frozen=True)
class _Hidden:
    """A molecule, and the groups of its atoms that are hidden: none, each atom, each piece."""

    mol: Chem.Mol
    groups: NDArray[np.bool_]
    pieces: tuple[str, ...]

    @classmethod
    def of(cls, mol: Chem.Mol) -> _Hidden:
        parts, n = pieces(mol), mol.GetNumAtoms()
        groups = np.zeros((1 + n + len(parts), n), np.bool_)
        groups[1 : 1 + n] = np.eye(n, dtype=np.bool_)
        for row, atoms in enumerate(parts, start=1 + n):
            groups[row, list(atoms)] = True
        return cls(mol, groups, tuple(piece_smiles(mol, atoms) for atoms in parts))

    def bits(self, name: str) -> NDArray[np.uint8]:
        return bits_without(print_holders(self.mol, name), self.groups, name)

    def bags(self, buckets: Buckets) -> tuple[list[NDArray[np.uint16]], list[NDArray[np.uint8]]]:
        return bags_without(bag_holders(self.mol, buckets), self.groups)


def _read(smiles: str) -> Chem.Mol:
    mol = Chem.MolFromSmiles(smiles)
    if mol is None or not mol.GetNumAtoms():
        raise InputError(f"cannot read SMILES {smiles[:80]!r}: check it for typing errors")
    return mol
