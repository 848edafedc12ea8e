"""Approximate search where it is known to find enough, and exact search wherever it is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import UsageError
from molsearch.index.ann.manifest import About, Measured
from molsearch.index.ann.opened import Opened, opened
from molsearch.index.reader import IndexReader
from molsearch.scoring.blend import Blend
from molsearch.scoring.queryset import QuerySet
from molsearch.scoring.ranking import Ranking
from molsearch.search.ann.choose import Approximation, chosen
from molsearch.search.ann.rough import Setting, rough
from molsearch.search.engine import Candidates
from molsearch.words import counted

Excluded = list[NDArray[np.bool_]]
Find = Callable[[int, Excluded | None], Candidates]
Select = Callable[[Find], Candidates]


class _TooDeepError(Exception):
    """What is wanted lies deeper than recall was measured."""


def select_near(
    select: Select,
    exact: Find,
    reader: IndexReader,
    queries: QuerySet,
    blend: Blend,
    ranking: Ranking,
    recall: float | None,
    *,
    least: float | None = None,
    exact_alone: str = "",
) -> tuple[Candidates, Approximation | None]:
    """Select hits out of what the lists of an index give, or of an exact search.

    A filter that leaves few is one that has to look deep into the library: where it would look
    deeper than recall was measured, all of the selection is made again, exactly.

    Parameters
    ----------
    select
        Selects hits by a function that finds the n best that are not excluded; called once more
        where the first attempt comes to nothing.
    exact
        The exact search.
    recall
        Part of the exact hits that is to be found, at least; None, and 1, for all of them.
    least
        What the score of a hit must reach.
    exact_alone
        Why nothing but an exact search will do; empty where that is not so.

    Returns
    -------
    The hits, and how they were searched for; None where nothing but an exact search was asked.

    Raises
    ------
    UsageError
        The index has no lists.
    IndexCorruptError
        They are damaged.
    """
    if recall is None or recall == 1:
        return select(exact), None
    if exact_alone:
        return select(exact), Approximation(recall, why_exact=exact_alone)
    about, lists = _lists_of(reader)
    if lists is None:
        return select(exact), Approximation(recall, why_exact=_of_another(reader, about))
    near = _Near(reader, lists, about, queries, blend, ranking, recall, least)
    try:
        found = select(near)
    except _TooDeepError as error:
        return select(exact), Approximation(recall, why_exact=str(error))
    return found, Approximation(recall, near.setting, n_lists=about.trained.n_lists)


class _Near:
    """Finds the n best rows out of one list of candidates, as far down as its recall is known."""

    def __init__(
        self,
        reader: IndexReader,
        lists: Opened,
        about: About,
        queries: QuerySet,
        blend: Blend,
        ranking: Ranking,
        recall: float,
        least: float | None,
    ) -> None:
        self._reader, self._lists, self._about = reader, lists, about
        self._queries, self._blend, self._ranking = queries, blend, ranking
        self._recall, self._least = recall, least
        self._found: Candidates | None = None
        self.setting: Measured | None = None

    def __call__(self, n: int, excluded: Excluded | None) -> Candidates:
        if self._found is None:
            self._found = self._first(n, excluded)
        found = self._found
        if excluded is not None:
            out = np.array(
                [excluded[s][r] for s, r in zip(found.shards, found.rows, strict=True)], bool
            )
            found = found.take(np.flatnonzero(~out))
        # What reaches a threshold may end before the list does; otherwise its end is no end.
        if len(found) < n and not self._is_all:
            raise _TooDeepError(
                "few pass the filters, and recall is not known so deep in the library"
            )
        return found.take(np.arange(min(n, len(found))))

    def _first(self, n: int, excluded: Excluded | None) -> Candidates:
        """Search once, for as much as the setting speaks for."""
        n_rows = self._reader.n_rows
        n_left = n_rows if excluded is None else n_rows - sum(int(out.sum()) for out in excluded)
        if n_left == 0:
            raise _TooDeepError("the filters leave nothing")
        # The n-th of those left stands about so deep in the whole library.
        wanted = min(n, n_left) * n_rows / n_left
        setting = chosen(self._about.measured, self._ranking, self._recall, wanted)
        if isinstance(setting, str):
            few = f"the filters leave {n_left:,} of {counted(n_rows, 'molecule')}, so that "
            raise _TooDeepError((few if n_left < n_rows else "") + setting)
        self.setting = setting
        speaks_for = max(min(n, n_left), int(setting.k * n_left / n_rows))
        found = rough(
            self._reader,
            self._lists,
            self._queries,
            self._blend,
            Setting(setting.probes, setting.depth),
            speaks_for,
            excluded,
        )
        self._is_all = len(found) == n_left
        if self._least is not None:
            reached = np.flatnonzero(found.scores >= self._least)
            self._is_all |= len(reached) < len(found)
            found = found.take(reached)
        return found

    _is_all = False


def _lists_of(reader: IndexReader) -> tuple[About, Opened | None]:
    found = opened(reader)
    if found is None:
        raise UsageError(
            f"--recall: {reader.path} has no lists for approximate search; make them with: "
            f"molsearch index ann -i {reader.path}"
        )
    return found


def _of_another(reader: IndexReader, about: About) -> str:
    return (
        f"the lists of {reader.path} are those of generation {about.generation}, and it holds "
        f"generation {reader.manifest.generation}; make them anew: molsearch index ann -i "
        f"{reader.path}"
    )
