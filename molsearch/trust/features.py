"""What is known of queries before anything is screened: nothing of it depends on the library."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.scoring.blend import Blend, Likeness
from molsearch.scoring.default import balanced
from molsearch.scoring.ranking import MOLSEARCH, STORED

Floats = NDArray[np.float64]

NEIGHBOURS = 10
MOST = 10  # queries that the fit has seen; more count as so many
ALONE = ("nearness", "fingerprint_nearness")
SEVERAL = (*ALONE, "log_n", "mutual_similarity", "mutual_cosine", "left_out")


@dataclass(frozen=True)
class Chemistry:
    """An encoder's background: what its training chemistry is like.

    Attributes
    ----------
    vectors
        Embeddings ``[b, dim]`` of random training molecules.
    prints
        Their ECFP4, uint8 ``[b, 256]``.
    """

    vectors: NDArray[np.floating]
    prints: NDArray[np.uint8]


@dataclass(frozen=True)
class Asked:
    """Queries compared with the background and each other; draws of them are cheap.

    Attributes
    ----------
    cosines, alike
        ``[b, q]``: cosine and ECFP4 similarity of background molecules to each query.
    own_cosines, own_alike
        ``[q, q]``: the same among queries.
    """

    cosines: Floats
    alike: Floats
    own_cosines: Floats
    own_alike: Floats

    @classmethod
    def of(
        cls, vectors: NDArray[np.floating], prints: NDArray[np.uint8], chemistry: Chemistry
    ) -> Asked:
        """Compare queries, one vector and one fingerprint each."""
        mine = vectors.astype(np.float64)
        return cls(
            chemistry.vectors.astype(np.float64) @ mine.T,
            tanimoto_matrix(prints, chemistry.prints).T,
            mine @ mine.T,
            tanimoto_matrix(prints, prints),
        )

    def features(self, queries: NDArray[np.integer]) -> dict[str, float]:
        """Numbers of some of the queries together, by name: `ALONE`, or `SEVERAL`."""
        found = {
            "nearness": _top(self.cosines[:, queries]),
            "fingerprint_nearness": _top(self.alike[:, queries]),
        }
        if len(queries) > 1:
            found |= {
                "log_n": float(np.log(min(len(queries), MOST))),
                "mutual_similarity": _mutual(self.own_alike, queries),
                "mutual_cosine": _mutual(self.own_cosines, queries),
                "left_out": self._left_out(queries),
            }
        return found

    def _left_out(self, queries: NDArray[np.integer]) -> float:
        """Mean log10 share of background molecules above a query when the others are asked."""
        blend = _blend(len(queries) - 1)
        logs = []
        for query in queries:
            rest = np.array([other for other in queries if other != query])
            scores = blend.fused(self.cosines[:, rest], self.alike[:, rest])
            mine = np.ix_([query], rest)
            own = blend.fused(self.own_cosines[mine], self.own_alike[mine])[0]
            above = ((scores > own).sum() + 0.5) / (len(scores) + 1)
            logs.append(np.log10(above))
        return float(np.mean(logs))


def _top(values: Floats) -> float:
    """Mean over queries of the mean of their nearest `NEIGHBOURS`."""
    n = min(NEIGHBOURS, len(values))
    return float(np.partition(values, len(values) - n, axis=0)[-n:].mean())


def _mutual(values: Floats, queries: NDArray[np.integer]) -> float:
    """Mean over queries of the similarity to the nearest other one."""
    among = values[np.ix_(queries, queries)].copy()
    np.fill_diagonal(among, -np.inf)
    return float(among.max(axis=1).mean())


def _blend(n_queries: int) -> Blend:
    terms = {term.name: term for term in balanced(n_queries).terms}
    cosine, alike = terms[MOLSEARCH], terms[STORED]
    likeness = Likeness(np.empty((0, 256), np.uint8), alike.weight, alike.fusion or "max")
    return Blend(cosine.weight, cosine.fusion or "max", likeness)
