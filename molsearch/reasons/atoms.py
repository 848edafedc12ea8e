"""Which atoms make the score of a hit for its query: each in turn is hidden from all that ranks.

What an atom contributes is the score less the score without the substructures that hold it. A
part of the score that an atom holds together with others is told of each of them, so the
contributions do not add up to the score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molsearch.chem.features import Buckets, bag_of
from molsearch.chem.fingerprints import packed_of, tanimoto_matrix
from molsearch.chem.occlusion import (
    bag_holders,
    bags_without,
    bits_without,
    print_holders,
)
from molsearch.chem.pieces import piece_smiles, pieces
from molsearch.data.store import GraphStore, bag_store
from molsearch.errors import InputError, UsageError

_AT_ONCE = 64  # hits whose hidden atoms are embedded in one batch
_QUERIES_KEPT = 256


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
class Weights:
    """What is added to a score: weight of each component.

    Attributes
    ----------
    embedding
        Of the cosine of the embeddings.
    ecfp4
        Of the ECFP4 similarity.
    inactives
        Of the cosine to the nearest known inactive, which is taken off.
    others
        Of the similarity by further fingerprints: their names, of `HIDEABLE`, and weights.
    """

    embedding: float = 1.0
    ecfp4: float = 0.0
    inactives: float = 0.0
    others: tuple[tuple[str, float], ...] = ()

    @property
    def prints(self) -> tuple[tuple[str, float], ...]:
        """Name and weight of every fingerprint; ECFP4 first, also where it does not rank."""
        return (("ecfp4", self.ecfp4), *self.others)


@dataclass(frozen=True)
class Piece:
    """A ring system or chain of a hit, and the score that is lost when all of it is hidden."""

    smiles: str
    share: float


@dataclass(frozen=True)
class AtomMap:
    """What the atoms of a query and of a hit contribute to the hit's score for the query.

    Attributes
    ----------
    score
        The score, by what ranks, for this query alone.
    cosine, similarity
        Its parts before weights: cosine of the embeddings (NaN where they do not rank), and
        ECFP4 similarity.
    query, hit
        float64 ``[n_atoms]`` each, in the order of the SMILES: the score that is lost when the
        atom is hidden; negative where it is better without.
    pieces
        Ring systems and chains of the hit, each hidden as a whole.
    """

    score: float
    cosine: float
    similarity: float
    query: NDArray[np.float64]
    hit: NDArray[np.float64]
    pieces: tuple[Piece, ...]

    @property
    def best(self) -> Piece:
        """The piece of the hit that counts most for it."""
        return max(self.pieces, key=lambda piece: piece.share)

    @property
    def worst(self) -> Piece:
        """The piece of the hit that counts least for it, or most against it."""
        return min(self.pieces, key=lambda piece: piece.share)


@dataclass(frozen=True)
class _Views:
    """Embeddings and fingerprints, row by row.

    Of one molecule these are it whole, it without each of its atoms, and it without each of its
    `pieces`.
    """

    vectors: NDArray[np.float64] | None
    prints: tuple[NDArray[np.uint8], ...]
    n_atoms: int = 0
    pieces: tuple[str, ...] = ()


class AtomExplainer:
    """Explains scores, atom by atom; a `molsearch.scoring.protocols.Explainer`.

    Parameters
    ----------
    encoder
        The encoder that ranks; None where fingerprints alone do.
    weights
        What ranks.

    Raises
    ------
    UsageError
        The encoder looks at geometry.
    """

    def __init__(self, encoder: BagEncoder | None, weights: Weights) -> None:
        if weights.embedding or weights.inactives:
            if encoder is None:
                raise ValueError("embeddings rank: pass their encoder")
            if getattr(encoder, "sees_geometry", True) or not hasattr(encoder, "encode_store"):
                raise UsageError(
                    "atoms of this encoder's score cannot be told apart: it looks at geometry, and "
                    "reasons are given for encoders of substructures (the bundled small and "
                    "small-held-out) and for ECFP4; pass --rank ecfp4 to explain that part alone"
                )
        self._encoder = encoder
        self._weights = weights
        self._query = lru_cache(maxsize=_QUERIES_KEPT)(lambda smiles: self._views([smiles])[0])

    def explain(
        self, query_smiles: Sequence[str], hit_smiles: Sequence[str]
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """See `Explainer.explain`."""
        return [(one.query, one.hit) for one in self.maps(query_smiles, hit_smiles)]

    def maps(
        self,
        query_smiles: Sequence[str],
        hit_smiles: Sequence[str],
        inactive_smiles: Sequence[str] = (),
    ) -> Iterator[AtomMap]:
        """Explain the score of each hit for the query beside it.

        Parameters
        ----------
        query_smiles, hit_smiles
            Parents, one pair after the other.
        inactive_smiles
            The known inactive nearest to each hit, where these count.

        Raises
        ------
        InputError
            A structure cannot be read.
        """
        for start in range(0, len(hit_smiles), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            views = self._views(hit_smiles[some])
            for number, (query, hit) in enumerate(zip(query_smiles[some], views, strict=True)):
                near = inactive_smiles[start + number] if inactive_smiles else None
                yield self._map(self._query(query), hit, near)

    def scores(self, query_smiles: Sequence[str], hit_smiles: Sequence[str]) -> NDArray[np.float64]:
        """Score every hit for every query by itself, by what ranks: ``[n_hits, n_queries]``."""
        hits = self._whole(hit_smiles)
        found = self._scored(self._whole(query_smiles), hits.vectors, hits.prints)
        assert found is not None
        return found

    def scores_of(
        self,
        query_smiles: Sequence[str],
        vectors: NDArray[np.floating] | None,
        prints: NDArray[np.uint8] | None,
    ) -> NDArray[np.float64] | None:
        """Score molecules by their embeddings and ECFP4; None where more than these ranks."""
        known = None if prints is None or self._weights.others else (prints,)
        return self._scored(self._whole(query_smiles), vectors, known)

    def nearest(self, others: Sequence[str], hit_smiles: Sequence[str]) -> NDArray[np.int64]:
        """Find the molecule with the best cosine to each hit, ``[n_hits]``."""
        first, second = self._whole(hit_smiles).vectors, self._whole(others).vectors
        assert first is not None
        assert second is not None
        return np.asarray((first @ second.T).argmax(axis=1))

    def _scored(
        self,
        queries: _Views,
        vectors: NDArray[np.floating] | None,
        prints: tuple[NDArray[np.uint8], ...] | None,
    ) -> NDArray[np.float64] | None:
        total: NDArray[np.float64] | None = None
        if self._weights.embedding:
            if vectors is None or queries.vectors is None:
                return None
            total = self._weights.embedding * (vectors.astype(np.float64) @ queries.vectors.T)
        for place, (_, weight) in enumerate(self._weights.prints):
            if not weight:
                continue
            if prints is None:
                return None
            alike = weight * tanimoto_matrix(queries.prints[place], prints[place]).T
            total = alike if total is None else total + alike
        return total

    def _whole(self, smiles: Sequence[str]) -> _Views:
        """See molecules as they are, none of their atoms hidden."""
        mols = [_read(one) for one in smiles]
        prints = tuple(packed_of(name, smiles) for name, _ in self._weights.prints)
        if self._encoder is None or not self._embeds:
            return _Views(None, prints)
        bags = [bag_of(mol, self._encoder.buckets) for mol in mols]
        store = bag_store([bag for bag, _ in bags], [counts for _, counts in bags])
        return _Views(self._encoder.encode_store(store).astype(np.float64), prints)

    @property
    def _embeds(self) -> bool:
        return bool(self._weights.embedding or self._weights.inactives)

    def _map(self, query: _Views, hit: _Views, inactive: str | None) -> AtomMap:
        weights = self._weights
        forwards = [
            tanimoto_matrix(one[:1], other)[0]
            for one, other in zip(query.prints, hit.prints, strict=True)
        ]
        backwards = [
            tanimoto_matrix(other[:1], one)[0]
            for one, other in zip(query.prints, hit.prints, strict=True)
        ]
        factors = [weight for _, weight in weights.prints]
        of_hit = _weighted(factors, forwards)
        of_query = _weighted(factors, backwards)
        cosine = float("nan")
        if query.vectors is not None and hit.vectors is not None:
            forth, back = hit.vectors @ query.vectors[0], query.vectors @ hit.vectors[0]
            cosine = float(forth[0])
            of_hit, of_query = (
                of_hit + weights.embedding * forth,
                of_query + weights.embedding * back,
            )
            if inactive is not None and weights.inactives:
                other = self._query(inactive)
                assert other.vectors is not None
                taken = weights.inactives * (hit.vectors @ other.vectors[0])
                of_hit, of_query = of_hit - taken, of_query - taken[0]
        lost = of_hit[0] - of_hit[1:]
        shares = zip(hit.pieces, lost[hit.n_atoms :].tolist(), strict=True)
        return AtomMap(
            score=float(of_hit[0]),
            cosine=cosine,
            similarity=float(forwards[0][0]),
            query=(of_query[0] - of_query[1:])[: query.n_atoms],
            hit=lost[: hit.n_atoms],
            pieces=tuple(Piece(smiles, share) for smiles, share in shares),
        )

    def _views(self, smiles: Sequence[str]) -> list[_Views]:
        """See molecules whole and with atoms and pieces hidden, all in one batch."""
        hidden = [_Hidden.of(_read(one)) for one in smiles]
        prints = [tuple(one.bits(name) for name, _ in self._weights.prints) for one in hidden]
        parts: list[NDArray[np.float64] | None] = [None] * len(hidden)
        if self._encoder is not None and self._embeds:
            bags: list[NDArray[np.uint16]] = []
            counts: list[NDArray[np.uint8]] = []
            for one in hidden:
                some, n_some = one.bags(self._encoder.buckets)
                bags += some
                counts += n_some
            vectors = self._encoder.encode_store(bag_store(bags, counts)).astype(np.float64)
            ends = np.cumsum([len(one.groups) for one in hidden])
            parts = list(np.split(vectors, ends[:-1]))
        return [
            _Views(part, some, one.mol.GetNumAtoms(), one.pieces)
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


def _weighted(
    weights: Sequence[float], similar: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    return np.asarray(
        sum(weight * some for weight, some in zip(weights, similar, strict=True)), np.float64
    )
