"""How well the queries find each other in this library: each is looked for with the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.index.rarity import Reference
from molsearch.index.reader import IndexReader
from molsearch.scoring.blend import Blend, Likeness
from molsearch.scoring.default import BALANCED
from molsearch.scoring.fusion import Fusion
from molsearch.scoring.queryset import Against, QuerySet, per_query
from molsearch.scoring.ranking import Ranking, ranking_of
from molsearch.search.exact import Exact, dot
from molsearch.search.queries import Query
from molsearch.words import counted

#: Molecules of the library that a query is placed among; of a larger library so many at random.
SAMPLE = 20_000
#: Share of a library within which a query counts as found.
FIRST = 0.01
_SEED = 20
_SHOWN = 3  # queries that are not found, in one sentence
_SAME = 0.999  # cosine from which on a molecule of the library is a query itself, as it is stored


@dataclass(frozen=True)
class Place:
    """Where one query stands in the library when the others are searched with.

    Attributes
    ----------
    query_id
        Its name.
    score
        Its score for the others, by what ranks.
    above
        Share of the library that scores higher, 0 to 1; of equal scores half count.
    """

    query_id: str
    score: float
    above: float


@dataclass(frozen=True)
class LeaveOneOut:
    """Where each of several queries stands when it is looked for with the others.

    Attributes
    ----------
    places
        One a query, in their order.
    n_compared
        Molecules of the library that they are placed among; those that are queries are not
        counted.
    sampled
        Whether these are a random part of it.
    expression
        What ranked: that for one query less.
    """

    places: tuple[Place, ...]
    n_compared: int
    sampled: bool
    expression: str

    @property
    def n_found(self) -> int:
        """Queries among the first `FIRST` of the library."""
        return sum(place.above <= FIRST for place in self.places)

    def sentence(self) -> str:
        """Say in one line how far the queries find each other."""
        n, found = len(self.places), self.n_found
        if not self.n_compared:
            return "the library holds nothing but the queries: they cannot be tried on it"
        if self.n_compared * FIRST < 1:
            return (
                f"the library holds {counted(self.n_compared, 'molecule')} beside the queries, too "
                f"few to have a first {FIRST:.0%}: they cannot be tried on it"
            )
        median = float(np.median([place.above for place in self.places]))
        how = {n: f"all {n}", 0: f"none of {n}"}.get(found, f"{found} of {n}")
        drawn = " drawn from it" if self.sampled else ""
        line = (
            f"looked for with the others, {how} queries stand among the first {FIRST:.0%} of this "
            f"library (median {_percent(median, self.n_compared)} of "
            f"{counted(self.n_compared, 'molecule')}{drawn})"
        )
        lost = [place for place in self.places if place.above > FIRST]
        if not lost:
            return line
        lost.sort(key=lambda place: -place.above)
        names = ", ".join(
            f"{one.query_id} ({_percent(one.above, self.n_compared)})" for one in lost[:_SHOWN]
        )
        more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        doubt = (
            ": the queries do not support each other here, so trust the list less"
            if 2 * found < n
            else ""
        )
        return f"{line}; not found: {names}{more}{doubt}"

    def record(self) -> dict[str, Any]:
        """Tell it for ``run.json``."""
        return {
            "sentence": self.sentence(),
            "n_queries": len(self.places),
            "n_found": self.n_found,
            "first": FIRST,
            "n_compared": self.n_compared,
            "sampled": self.sampled,
            "expression": self.expression,
            "queries": [asdict(place) for place in self.places],
        }


def leave_one_out(
    reader: IndexReader,
    queries: Sequence[Query],
    embedded: QuerySet,
    ranking: Ranking,
    *,
    fusion: Fusion | None = None,
    against: Against | None = None,
    reference: Reference | None = None,
    sample: int = SAMPLE,
) -> LeaveOneOut:
    """Place each query among the library when the others are searched with.

    Parameters
    ----------
    queries, embedded
        At least two, and their embeddings.
    ranking
        What ranked with all of them; with one less, what was asked for is resolved anew.
    fusion
        As the screen was asked for it.
    against
        Known inactives that lower ranks.
    reference
        Compounds of the encoder, by which rarity is told.
    sample
        Molecules to compare with, at most.
    """
    n = len(queries)
    packed = np.stack([query.fingerprint for query in queries])
    fewer = _with_one_less(ranking, fusion)
    blends = [fewer.blend(np.delete(packed, number, axis=0), reference) for number in range(n)]
    # The sum of which the parts are read is no matter here, only what counts.
    alike_by = None if blends[0].likeness is None else Likeness(packed, 1.0)
    parts = Blend(likeness=alike_by, rarity=blends[0].rarity)
    exact = Exact(reader, embedded, against, parts)
    rows = _rows(reader.n_rows, sample)
    cosines, alike, rarity, near = exact.parts(exact.scores(rows))
    own = embedded.as_molecules()
    own_rarity: NDArray[np.floating] = np.empty((n, 0))
    if parts.rarity is not None:
        own_rarity = parts.rarity.reference.rarity(own)[:, None]
    own_cosines = per_query(dot(own, embedded.vectors.astype(np.float64)), embedded)
    own_alike = parts.likeness.scores(packed) if parts.likeness else np.empty((n, 0))
    penalty, own_penalty = np.zeros(len(rows)), np.zeros(n)
    if against is not None:
        others = against.inactives
        products = dot(own, others.vectors.astype(np.float64))
        own_penalty = against.weight * per_query(products, others).max(axis=1)
        penalty = against.weight * near[:, 0]
    is_query = alike.max(axis=1) == 1.0 if alike.shape[1] else cosines.max(axis=1) >= _SAME
    places = []
    for number, blend in enumerate(blends):
        rest = [other for other in range(n) if other != number]
        keys = blend.fused(cosines[:, rest], _columns(alike, rest), rarity) - penalty
        mine = slice(number, number + 1)
        likeness = _columns(own_alike[mine], rest)
        score = float(blend.fused(own_cosines[mine][:, rest], likeness, own_rarity[mine])[0])
        key = score - float(own_penalty[number])
        above = _share_above(keys[~is_query], key)
        places.append(Place(queries[number].query_id, key, above))
    n_compared = int((~is_query).sum())
    return LeaveOneOut(tuple(places), n_compared, sample < reader.n_rows, str(fewer.expression))


def _with_one_less(ranking: Ranking, fusion: Fusion | None) -> Ranking:
    """Resolve what ranks where one query is left out."""
    if ranking.asked != BALANCED:
        return ranking
    return ranking_of(
        BALANCED, ranking.n_queries - 1, fusion=fusion, rarity=ranking.rarity is not None
    )


def _rows(n_rows: int, sample: int) -> NDArray[np.int64]:
    if n_rows <= sample:
        return np.arange(n_rows, dtype=np.int64)
    drawn = np.random.default_rng(_SEED).choice(n_rows, sample, replace=False)
    return np.sort(drawn).astype(np.int64)


def _columns(values: NDArray[np.float64], rest: list[int]) -> NDArray[np.float64]:
    return values[:, rest] if values.shape[1] else values


def _share_above(keys: NDArray[np.float64], key: float) -> float:
    if not len(keys):
        return float("nan")
    above = np.count_nonzero(keys > key) + 0.5 * np.count_nonzero(keys == key)
    return float(above) / len(keys)


def _percent(share: float, n: int) -> str:
    """Write a share, no finer than so many molecules can tell."""
    if share * n < 1:
        return f"under {100 / max(n, 1):.2g} %"
    return f"{100 * share:.2g} %"
