"""Clusters of molecules: spheres around leaders, each molecule with the leader most like it.

Two ways to leaders. Of a similarity: the first molecule leads, and each further one that is less
similar than that to every leader before it (the leader algorithm; Butina's order needs the
neighbours of everything first). Of a number: the first molecule leads, then again and again the
one that is least similar to its leader (farthest first, Gonzalez 1985; MaxMin picking).

No matrix of all pairs is held; the order of the molecules decides, so equal inputs give equal
clusters, and of a hit list a leader by similarity is the best hit of its sphere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import UsageError
from molsearch.progress import OnProgress, nobody
from molsearch.search.points import Compare, Measure, Points
from molsearch.words import counted

_MOST_LEADERS = 200_000
_AT_ONCE = 16_384  # leaders compared with a block: 64 MiB of similarities
_SAME = 1e-6  # float32 and float16 put a copy so far from itself at most


@dataclass(frozen=True)
class Clusters:
    """Clusters of points.

    Attributes
    ----------
    leaders
        int64 ``[m]``: points that lead, in the order in which they were found.
    cluster
        int64 ``[n]``: which of the leaders each point belongs to.
    similarity
        float32 ``[n]``: to it.
    """

    leaders: NDArray[np.int64]
    cluster: NDArray[np.int64]
    similarity: NDArray[np.float32]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Members of each cluster, the leader among them."""
        return np.bincount(self.cluster, minlength=len(self.leaders))


def cluster_at(points: Points, at: float, on_progress: OnProgress | None = None) -> Clusters:
    """Cluster by a similarity.

    Parameters
    ----------
    at
        Similarity to a leader that makes a molecule its member, above -1 and at most 1.
    on_progress
        Called with molecules done, and 0. Each is compared twice: half of it is done by then.

    Raises
    ------
    UsageError
        `at` is out of range, or there would be too many clusters.
    """
    if not -1 < at <= 1:
        raise UsageError(f"a similarity between -1 and 1 makes a cluster, not {at:g}")
    report = on_progress or nobody
    leaders = _Leaders(points.measure)
    found: list[int] = []
    least = at - points.measure.error
    for first, block in points.blocks():
        near = leaders.nearest(block)[1] >= least
        fresh: list[int] = []
        candidates = np.flatnonzero(~near)
        among = points.measure.to(block[candidates])(block[candidates]) if len(candidates) else None
        for place in range(len(candidates)):
            assert among is not None
            if not fresh or among[place, fresh].max() < least:
                fresh.append(place)
        found += (first + candidates[fresh]).tolist()
        leaders.add(block[candidates[fresh]])
        if len(found) > _MOST_LEADERS:
            raise UsageError(
                f"more than {_MOST_LEADERS:,} clusters at a similarity of {at:g} among the first "
                f"{counted(first + len(block), 'molecule')}; ask for a lower one"
            )
        report((first + len(block)) // 2, 0)
    cluster = np.empty(len(points), np.int64)
    similarity = np.empty(len(points), np.float32)
    for first, block in points.blocks():
        rows = slice(first, first + len(block))
        cluster[rows], similarity[rows] = leaders.nearest(block)
        report((len(points) + first + len(block)) // 2, 0)
    return _clusters(found, cluster, similarity)


def cluster_into(points: Points, n: int, on_progress: OnProgress | None = None) -> Clusters:
    """Cluster into `n`; into fewer where there are not so many molecules that differ.

    Parameters
    ----------
    on_progress
        Called with molecules done, and 0. Each is compared `n` times: a part of it each time.

    Raises
    ------
    UsageError
        `n` is not positive.
    """
    if n < 1:
        raise UsageError(f"clusters are 1 or more, not {n}")
    report = on_progress or nobody
    cluster = np.zeros(len(points), np.int64)
    similarity = np.full(len(points), -np.inf, np.float32)
    found: list[int] = []
    n = min(n, len(points))
    while len(found) < n:
        row = int(similarity.argmin())
        if similarity[row] >= 1 - _SAME:
            break
        compare = points.measure.to(points.one(row))
        for first, block in points.blocks():
            near = compare(block)[:, 0]
            rows = slice(first, first + len(block))
            closer = near > similarity[rows]
            cluster[rows][closer] = len(found)
            similarity[rows][closer] = near[closer]
            report((len(points) * len(found) + first + len(block)) // n, 0)
        cluster[row], similarity[row] = len(found), np.inf  # one that leads leads once
        found.append(row)
    report(len(points), 0)
    return _clusters(found, cluster, similarity)


def _clusters(
    leaders: list[int], cluster: NDArray[np.int64], similarity: NDArray[np.float32]
) -> Clusters:
    # A leader is its own, whichever copy of it comes first.
    cluster[leaders] = np.arange(len(leaders))
    similarity[leaders] = 1.0
    return Clusters(np.array(leaders, np.int64), cluster, similarity.clip(max=1.0))


class _Leaders:
    """Leaders found so far, some thousand made ready at a time."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._full: list[Compare] = []
        self._last: NDArray[Any] | None = None
        self._compare: Compare | None = None

    def add(self, some: NDArray[Any]) -> None:
        """Add points ``[n]``, no more than a block."""
        if not len(some):
            return
        self._last = some if self._last is None else np.concatenate([self._last, some])
        self._compare = self._measure.to(self._last)
        if len(self._last) >= _AT_ONCE:
            self._full.append(self._compare)
            self._last = self._compare = None

    def nearest(self, block: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Leader most like each point, the first of equal ones, and how like; -inf without one."""
        which = np.zeros(len(block), np.int64)
        best = np.full(len(block), -np.inf, np.float32)
        start = 0
        for compare in (*self._full, *([] if self._compare is None else [self._compare])):
            products = compare(block)
            rows = products.argmax(axis=1)
            values = products[np.arange(len(block)), rows]
            closer = values > best
            which[closer] = start + rows[closer]
            best[closer] = values[closer]
            start += products.shape[1]
        return which, best
