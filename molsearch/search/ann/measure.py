"""How much of the exact hits each setting finds, on the very index and for the very rankings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.index.ann.joint import sampled
from molsearch.index.ann.manifest import Measured
from molsearch.index.ann.opened import Opened
from molsearch.index.rarity import Reference
from molsearch.index.reader import IndexReader
from molsearch.progress import OnProgress
from molsearch.scoring.blend import Blend
from molsearch.scoring.queryset import QuerySet
from molsearch.scoring.ranking import Ranking, ranking_of
from molsearch.search.ann.rough import Setting, joint_queries
from molsearch.search.engine import Candidates, search
from molsearch.search.exact import Exact

#: Hits of the exact search that are looked for, where the index is so large.
KS = (100, 1_000, 10_000)
#: What is measured: the ranking, and how many queries one search has.
RANKINGS = (("molsearch", 1), *(("balanced", n) for n in (1, 2, 3, 5)))
_FEWEST = 8  # probes that are tried first
_TIMES, _LEAST_DEPTH, _DEEPEST = (4, 16, 64), 2_000, 40_000  # rows scored, by the hits wanted
_SINGLE, _SEVERAL = 16, 6  # searches, half of each kind
_SERIES = 50  # nearest molecules out of which further queries are taken
_ENOUGH = 0.9995
_SEED = 21


@dataclass(frozen=True)
class Ligands:
    """Molecules to search with: embeddings ``[n, dim]`` and fingerprints ``[n, 256]``."""

    vectors: NDArray[np.float32]
    prints: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class _Search:
    """One search: its queries, the exact answer, and of which kind it is."""

    queries: QuerySet
    blend: Blend
    due: NDArray[np.int64]
    kind: int


def measure(
    reader: IndexReader,
    lists: Opened,
    others: Ligands | None = None,
    on_progress: OnProgress | None = None,
    reference: Reference | None = None,
) -> tuple[Measured, ...]:
    """Measure the recall of ever more probes, until nearly all is found.

    Parameters
    ----------
    others
        Molecules that are not of the library; half of the searches are made with them, half with
        rows of the index, and the worse of the two halves counts.
    reference
        Compounds of the encoder, by which the default ranking tells rarity.
    """
    found: list[Measured] = []
    for number, (rank, n_queries) in enumerate(RANKINGS):
        ranking = ranking_of(rank, n_queries, rarity=reference is not None)
        searches = list(_searches(reader, ranking, others, reference))
        found += _ladder(lists, ranking, searches, _ks(reader))
        if on_progress is not None:
            on_progress(number + 1, 0)
    return tuple(found)


def words(others: Ligands | None) -> str:
    """Say what `measure` searches with."""
    rows = f"{_SINGLE} single queries and {_SEVERAL} series of two, of three and of five"
    if others is None:
        return f"{rows}, rows of the library"
    return f"{rows}, half of them rows of the library, half other molecules; the worse half counts"


def _ks(reader: IndexReader) -> tuple[int, ...]:
    most = max(1, reader.n_rows // 10)
    return tuple(k for k in KS if k <= most) or (min(KS[0], most),)


def _ladder(
    lists: Opened, ranking: Ranking, searches: Sequence[_Search], ks: Sequence[int]
) -> Iterator[Measured]:
    """Yield what ever more probes find, of shallow lists of candidates and of deeper ones."""
    depths = ((k, min(max(times * k, _LEAST_DEPTH), _DEEPEST)) for k in ks for times in _TIMES)
    cases = sorted(set(depths))
    probes = min(_FEWEST, lists.trained.n_lists)
    while True:
        recalls = np.array([_recalls(lists, one, probes, cases) for one in searches])
        found = [
            _measured(ranking, searches, k, Setting(probes, depth), recalls[:, place])
            for place, (k, depth) in enumerate(cases)
        ]
        yield from found
        if probes == lists.trained.n_lists or all(one.recall >= _ENOUGH for one in found):
            return
        probes = min(2 * probes, lists.trained.n_lists)


def _measured(
    ranking: Ranking,
    searches: Sequence[_Search],
    k: int,
    setting: Setting,
    recalls: NDArray[np.float64],
) -> Measured:
    kinds = np.array([one.kind for one in searches])
    worst = min(float(recalls[kinds == kind].mean()) for kind in np.unique(kinds))
    return Measured(
        ranking=str(ranking.expression),
        n_queries=ranking.n_queries,
        k=k,
        probes=setting.probes,
        depth=setting.depth,
        recall=round(worst, 5),
        lowest=round(float(np.quantile(recalls, 0.1)), 5),
        n_searches=len(searches),
    )


def _recalls(
    lists: Opened, one: _Search, probes: int, cases: Sequence[tuple[int, int]]
) -> list[float]:
    """Part of the exact k best that are among the candidates, for each k and depth.

    Whoever is among the k best of all is among the k best of any rows that it is one of: so what is
    looked at says what is found, without scoring it.
    """
    asked = joint_queries(lists, one.queries, one.blend)
    most = min(max(depth for _, depth in cases), int(lists.starts[-1]))
    rows = lists.nearest(asked, probes, most)
    return [float(np.isin(one.due[:k], rows[:, :depth]).mean()) for k, depth in cases]


def _searches(
    reader: IndexReader, ranking: Ranking, others: Ligands | None, reference: Reference | None
) -> Iterator[_Search]:
    n = _SINGLE if ranking.n_queries == 1 else _SEVERAL
    n_own = n if others is None else n // 2
    own = Ligands(*sampled(reader, min(n_own, reader.n_rows), _SEED))
    for kind, ligands in enumerate((own, _some(others, n - n_own))):
        for number in range(len(ligands)):
            vectors, prints = _series(reader, ligands, number, ranking.n_queries)
            queries = QuerySet(vectors, np.arange(len(vectors)))
            blend = ranking.blend(prints, reference)
            exact = search(reader, queries, _ks(reader)[-1], blend=blend)
            yield _Search(queries, blend, _rows(reader, exact), kind)


def _series(
    reader: IndexReader, ligands: Ligands, number: int, n_queries: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Take a molecule and, as a chemist's series has them, some of its near neighbours."""
    vectors, prints = ligands.vectors[number : number + 1], ligands.prints[number : number + 1]
    if n_queries == 1:
        return vectors, prints
    blend = ranking_of("balanced", 1).blend(prints)
    near = search(reader, QuerySet(vectors, np.arange(1)), _SERIES, blend=blend)
    places = np.unique(np.linspace(1, len(near) - 1, n_queries - 1).astype(np.int64))
    more = [vectors], [prints]
    for shard, row in zip(near.shards[places], near.rows[places], strict=True):
        at = np.array([row])
        more[0].append(reader.checked_embeddings(int(shard)).take(at).astype(np.float32))
        more[1].append(reader.checked_fingerprints(int(shard)).take(at))
    return np.concatenate(more[0]), np.concatenate(more[1])


def _some(ligands: Ligands | None, n: int) -> Ligands:
    if ligands is None:
        return Ligands(np.empty((0, 0), np.float32), np.empty((0, 0), np.uint8))
    chosen = np.random.default_rng(_SEED).permutation(len(ligands))[:n]
    return Ligands(ligands.vectors[chosen], ligands.prints[chosen])


def _rows(reader: IndexReader, found: Candidates) -> NDArray[np.int64]:
    exact = Exact(reader, QuerySet(np.zeros((1, reader.dim), np.float32), np.zeros(1, np.int64)))
    return exact.position(found.shards, found.rows)
