"""The k best candidates that pass every filter, however deep they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.index.reader import IndexReader
from molsearch.search.annotate import Annotator
from molsearch.search.engine import Candidates
from molsearch.search.hit_filter import HitFilter
from molsearch.search.mask import (
    Mask,
    nothing_excluded,
)

_MOST_AT_ONCE = 2**18
_TESTED_AT_ONCE = 2048
_DEEPER = 4

Find = Callable[[int, list[NDArray[np.bool_]] | None], Candidates]


def select(
    find: Find,
    k: int,
    hit_filter: HitFilter,
    annotator: Annotator,
    excluded: Mask | None = None,
) -> Candidates:
    """Return the k best candidates that pass, or all that do where they are fewer.

    Parameters
    ----------
    find
        Gives the n best rows that are not excluded.
    excluded
        Rows that are out whatever the filter says; not changed.
    """
    if not hit_filter:
        return find(k, excluded)
    chosen: list[Candidates] = []
    walk = _Walk(k)
    for part in _ranked(find, walk, hit_filter, annotator.reader, excluded):
        kept = np.flatnonzero(hit_filter.keep(part, annotator))
        passed = part.take(kept[: k - walk.passed])
        chosen.append(passed)
        walk.tested += len(part)
        walk.passed += len(passed)
        if walk.passed == k:
            break
    return Candidates.joined(chosen)


@dataclass
class _Walk:
    """How far the ranking was walked down, and what it brought."""

    wanted: int
    tested: int = 0
    passed: int = 0


class Selecting:
    """Selects hits, by a filter of its own each time: one remembers what it has seen.

    Parameters
    ----------
    first, make
        The filter, and what makes another.
    k, annotator, excluded
        As of `select`.

    Attributes
    ----------
    filter
        The last one.
    """

    def __init__(
        self,
        first: HitFilter,
        make: Callable[[], HitFilter],
        k: int,
        annotator: Annotator,
        excluded: Mask | None,
    ) -> None:
        self._make, self._k = make, k
        self._annotator, self._excluded = annotator, excluded
        self._is_used = False
        self.filter = first

    def __call__(self, find: Find) -> Candidates:
        """Select with what `find` finds."""
        if self._is_used:
            self.filter = self._make()
        self._is_used = True
        return select(find, self._k, self.filter, self._annotator, self._excluded)


def _ranked(
    find: Find, walk: _Walk, hit_filter: HitFilter, reader: IndexReader, excluded: Mask | None
) -> Iterator[Candidates]:
    """Yield all rows that may pass in rank order, searched for in ever larger steps."""
    seen = nothing_excluded(reader) if excluded is None else [out.copy() for out in excluded]
    for out, more in zip(seen, hit_filter.mask(reader) or (), strict=False):
        out |= more
    step = min(max(walk.wanted, _TESTED_AT_ONCE), _MOST_AT_ONCE)
    while True:
        found = find(step, seen)
        for first in range(0, len(found), _TESTED_AT_ONCE):
            yield found.take(np.arange(first, min(first + _TESTED_AT_ONCE, len(found))))
        if len(found) < step:
            if len(found) == 0:
                yield found
            return
        for shard in np.unique(found.shards):
            seen[shard][found.rows[found.shards == shard]] = True
        # Few pass, or they would have been enough.
        hit_filter.narrow(seen, reader, tested=walk.tested, passed=walk.passed, wanted=walk.wanted)
        step = min(step * _DEEPER, _MOST_AT_ONCE)
