"""Which atoms make a hit's score: each in turn is hidden from all that ranks.

What an atom of a hit contributes is the score less the score without the substructures that hold
it, every component fused and weighted as the ranking does. A part of the score that an atom holds
together with others is told of each of them, so contributions do not add up to the score over
atoms; over components they do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.errors import UsageError
from molsearch.index.rarity import Reference
from molsearch.reasons.views import BagEncoder, Viewer, Views
from molsearch.reasons.weights import Weights
from molsearch.scoring.default import RARITY
from molsearch.scoring.fusion import fuse
from molsearch.scoring.ranking import INACTIVES, MOLSEARCH, SERIES
from molsearch.scoring.series import SeriesModel

Floats = NDArray[np.float64]
_AT_ONCE = 64  # hits whose hidden atoms are embedded in one batch


@dataclass(frozen=True)
class Piece:
    """A ring system or chain of a hit, and the score that is lost when all of it is hidden."""

    smiles: str
    share: float


@dataclass(frozen=True)
class AtomMap:
    """What the atoms of a hit and of its nearest query contribute.

    Attributes
    ----------
    nearest
        Number of the query that alone gives the hit its best score, the first of equal ones.
    score
        What ranks: the score over all queries, known inactives and series model included.
    parts
        What each component adds to it, weighted; these add up to `score`.
    query_score
        The same for the nearest query alone.
    cosine, similarity
        Of the nearest query: cosine of the embeddings (NaN where they do not rank), and ECFP4
        similarity.
    query
        float64 ``[n_atoms]``, in the order of the SMILES: how much of `query_score` is lost when
        the atom of the query is hidden; negative where it is better without. A series model is
        made anew of the query without it.
    hit
        The same of the hit's atoms, and of `score`.
    pieces
        Ring systems and chains of the hit, each hidden as a whole.
    """

    nearest: int
    score: float
    parts: tuple[tuple[str, float], ...]
    query_score: float
    cosine: float
    similarity: float
    query: Floats
    hit: Floats
    pieces: tuple[Piece, ...]

    @property
    def best(self) -> Piece:
        """The piece of the hit that counts most for it."""
        return max(self.pieces, key=lambda piece: piece.share)

    @property
    def worst(self) -> Piece:
        """The piece of the hit that counts least for it, or most against it."""
        return min(self.pieces, key=lambda piece: piece.share)


class AtomExplainer:
    """Explains scores, atom by atom; a `molsearch.scoring.protocols.Explainer`.

    Parameters
    ----------
    encoder
        The encoder that ranks; None where fingerprints alone do.
    weights
        What ranks.
    queries, inactives
        Parents that are searched with, and those known to be inactive.
    background
        Embeddings ``[n, dim]`` of random molecules, which a series model looks at too.
    reference
        Compounds of the encoder, where rarity counts.

    Raises
    ------
    UsageError
        The encoder looks at geometry.
    """

    def __init__(
        self,
        encoder: BagEncoder | None,
        weights: Weights,
        queries: Sequence[str],
        inactives: Sequence[str] = (),
        background: NDArray[np.floating] | None = None,
        reference: Reference | None = None,
    ) -> None:
        if weights.rarity and reference is None:
            raise ValueError("rarity counts: pass the encoder's reference compounds")
        if weights.embeds:
            if encoder is None:
                raise ValueError("embeddings rank: pass their encoder")
            if getattr(encoder, "sees_geometry", True) or not hasattr(encoder, "encode_store"):
                raise UsageError(
                    "atoms of this encoder's score cannot be told apart: it looks at geometry, and "
                    "reasons are given for encoders of substructures (the bundled small and "
                    "small-held-out) and for ECFP4; pass --rank ecfp4 to explain that part alone"
                )
        if (weights.inactives or weights.series) and not inactives:
            raise ValueError("known inactives count: pass them")
        self._weights = weights
        self.queries = tuple(queries)
        self._inactives = tuple(inactives)
        self._random = background
        self._reference = reference
        viewer = Viewer(
            encoder if weights.embeds else None, tuple(name for name, _ in weights.prints)
        )
        self._viewer = viewer
        self._hidden_queries: dict[int, tuple[Views, Floats | None]] = {}

    def explain(self, hit_smiles: Sequence[str]) -> list[tuple[Floats, Floats]]:
        """See `Explainer.explain`."""
        return [(one.query, one.hit) for one in self.maps(hit_smiles)]

    def maps(self, hit_smiles: Sequence[str]) -> Iterator[AtomMap]:
        """Explain the score of each hit.

        Parameters
        ----------
        hit_smiles
            Parents.

        Raises
        ------
        InputError
            A structure cannot be read.
        """
        for start in range(0, len(hit_smiles), _AT_ONCE):
            seen = self._viewer.hidden(hit_smiles[start : start + _AT_ONCE])
            some = [views.as_kept() for views in seen]
            nearest = [self._nearest(views) for views in some]
            self._hide(nearest)
            for views, number in zip(some, nearest, strict=True):
                yield self._map(views, number)

    def scores(self, hit_smiles: Sequence[str]) -> Floats:
        """Score every hit for every query by itself, by similarity alone: ``[n_hits, n_queries]``.

        What known inactives and rarity add or take is the same for each query, and left out.
        """
        hits = self._viewer.whole(hit_smiles).as_kept()
        found = self._each(hits.vectors, hits.prints, most=1.0)
        assert found is not None
        return found

    def ranked(self, hit_smiles: Sequence[str]) -> Floats:
        """Score hits by all that ranks, over all queries: float64 ``[n_hits]``."""
        return _total(self._parts(self._viewer.whole(hit_smiles).as_kept()))

    def scores_of(
        self, vectors: NDArray[np.floating] | None, prints: NDArray[np.uint8] | None
    ) -> Floats | None:
        """As `scores`, of embeddings and ECFP4; None where more than these ranks."""
        known = None if prints is None or self._weights.others else (prints,)
        return self._each(vectors, known)

    @cached_property
    def _asked(self) -> Views:
        return self._viewer.whole(self.queries)

    @cached_property
    def _against(self) -> Floats:
        found = self._viewer.whole(self._inactives).vectors
        assert found is not None
        return found

    @cached_property
    def _background(self) -> Floats:
        if self._random is None:
            return np.empty((0, self._against.shape[1]))
        return np.asarray(self._random, np.float64)

    @cached_property
    def _series(self) -> SeriesModel:
        assert self._asked.vectors is not None
        return SeriesModel(self._asked.vectors, self._against, self._background)

    def _each(
        self,
        vectors: NDArray[np.floating] | None,
        prints: tuple[NDArray[np.uint8], ...] | None,
        most: float = np.inf,
    ) -> Floats | None:
        """Similarity ``[n, n_queries]`` for each query alone; None where something is missing.

        No cosine counts for more than `most`.
        """
        total: Floats | None = None
        if self._weights.embedding:
            if vectors is None or self._asked.vectors is None:
                return None
            cosines = np.minimum(vectors.astype(np.float64) @ self._asked.vectors.T, most)
            total = self._weights.embedding * cosines
        for place, (_, weight) in enumerate(self._weights.prints):
            if not weight:
                continue
            if prints is None:
                return None
            alike = weight * tanimoto_matrix(self._asked.prints[place], prints[place]).T
            total = alike if total is None else total + alike
        return total

    def _parts(self, views: Views) -> dict[str, Floats]:
        """Tell what each component adds to the score of a row, fused and weighted: ``[n]`` each."""
        weights = self._weights
        found: dict[str, Floats] = {}
        if weights.embedding:
            assert views.vectors is not None
            assert self._asked.vectors is not None
            cosines = views.vectors @ self._asked.vectors.T
            # Half precision makes vectors as long as 1.0001: no cosine counts for more than 1.
            fused = np.minimum(fuse(cosines, weights.fusion(MOLSEARCH)), 1.0)
            found[MOLSEARCH] = np.asarray(weights.embedding * fused, np.float64)
        for place, (name, weight) in enumerate(weights.prints):
            if weight:
                alike = tanimoto_matrix(self._asked.prints[place], views.prints[place]).T
                fused = fuse(alike, weights.fusion(name))
                found[name] = np.asarray(weight * fused, np.float64)
        return {**found, **self._counted(views)}

    def _counted(self, views: Views) -> dict[str, Floats]:
        """Tell what rarity and a series model add, and known inactives take."""
        found: dict[str, Floats] = {}
        if self._weights.rarity:
            assert views.vectors is not None
            assert self._reference is not None
            told = self._reference.rarity(views.vectors).astype(np.float64)
            found[RARITY] = self._weights.rarity * told
        if self._weights.inactives:
            assert views.vectors is not None
            near = np.minimum((views.vectors @ self._against.T).max(axis=1), 1.0)
            found[INACTIVES] = -self._weights.inactives * near
        if self._weights.series:
            assert views.vectors is not None
            found[SERIES] = self._weights.series * (views.vectors @ self._series.direction)
        return found

    def _nearest(self, views: Views) -> int:
        whole = None if views.vectors is None else views.vectors[:1]
        found = self._each(whole, tuple(some[:1] for some in views.prints))
        assert found is not None
        return int(found[0].argmax())

    def _hide(self, numbers: Sequence[int]) -> None:
        """Hide the atoms of queries that have not been seen, and refit a series model without."""
        new = [number for number in dict.fromkeys(numbers) if number not in self._hidden_queries]
        if not new:
            return
        seen = self._viewer.hidden([self.queries[number] for number in new])
        for number, views in zip(new, seen, strict=True):
            refits = None
            if self._weights.series:
                assert views.vectors is not None
                # The query whole, which stands first, and without each atom; of pieces none asks.
                refits = self._series.with_query(number, views.vectors[: 1 + views.n_atoms])
            self._hidden_queries[number] = (views, refits)

    def _map(self, hit: Views, number: int) -> AtomMap:
        weights = self._weights
        query, refits = self._hidden_queries[number]
        parts = self._parts(hit)
        total = _total(parts)
        lost = total[0] - total[1:]
        alone = np.zeros(1 + query.n_atoms)
        similarity, cosine = float("nan"), float("nan")
        for place, (_, weight) in enumerate(weights.prints):
            rows = query.prints[place][: len(alone)]
            alike = tanimoto_matrix(hit.prints[place][:1], rows)[0]
            alone += weight * alike
            similarity = float(alike[0]) if place == 0 else similarity
        if hit.vectors is not None and query.vectors is not None:
            cosines = np.minimum(query.vectors[: len(alone)] @ hit.vectors[0], 1.0)
            cosine = float(cosines[0]) if weights.embedding else cosine
            alone += weights.embedding * cosines
            if refits is not None:
                alone += weights.series * (refits @ hit.vectors[0])
        # The same whichever query is asked for.
        added = sum(float(parts[name][0]) for name in (INACTIVES, RARITY) if name in parts)
        shares = zip(hit.pieces, lost[hit.n_atoms :].tolist(), strict=True)
        return AtomMap(
            nearest=number,
            score=float(total[0]),
            parts=tuple((name, float(some[0])) for name, some in parts.items()),
            query_score=float(alone[0]) + added,
            cosine=cosine,
            similarity=similarity,
            query=alone[0] - alone[1:],
            hit=lost[: hit.n_atoms],
            pieces=tuple(Piece(smiles, share) for smiles, share in shares),
        )


def _total(parts: dict[str, Floats]) -> Floats:
    return np.asarray(sum(parts.values()), np.float64)
