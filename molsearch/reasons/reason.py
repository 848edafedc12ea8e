"""Everything that is said of a hit beside its score: atoms, common part, each query's view."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.common_part import CommonPart, common_part
from molsearch.reasons.atoms import AtomExplainer, AtomMap

#: Share of random molecules that a hit must pass for a query to speak for it.
SUPPORT = 0.95

OnDone = Callable[[int], None]


@dataclass(frozen=True)
class Reason:
    """Why one hit stands where it does.

    Attributes
    ----------
    query
        Number of the query that alone gives it its best score, the first of equal ones.
    atoms
        What the atoms of both contribute to that score.
    common
        What both share; None where the time for such searches was over.
    each
        float64 ``[n_queries]``: its score for each query by itself.
    against
        Queries that do not speak for it: by them it stands below `SUPPORT` of random molecules.
    """

    query: int
    atoms: AtomMap
    common: CommonPart | None
    each: NDArray[np.float64]
    against: tuple[int, ...]


def reasons(
    hits: Sequence[str],
    queries: Sequence[str],
    explainer: AtomExplainer,
    *,
    inactives: Sequence[str] = (),
    thresholds: NDArray[np.float64] | None = None,
    common_seconds: float = 60.0,
    on_done: OnDone | None = None,
) -> list[Reason]:
    """Explain hits.

    Parameters
    ----------
    hits, queries, inactives
        Parents, as SMILES.
    thresholds
        float64 ``[n_queries]``: the score that `SUPPORT` of random molecules do not reach; None
        where that is not known.
    common_seconds
        Time for all common parts together; each alone has `molsearch.chem.common_part.SECONDS`.
    on_done
        Told how many hits are done.
    """
    each = explainer.scores(queries, hits)
    nearest = each.argmax(axis=1)
    of_hits = [queries[number] for number in nearest]
    near = explainer.nearest(inactives, hits).tolist() if inactives else []
    deadline = time.monotonic() + common_seconds
    found = []
    maps = explainer.maps(of_hits, hits, [inactives[number] for number in near])
    for row, atoms in enumerate(maps):
        common = None
        if time.monotonic() < deadline:
            common = common_part(of_hits[row], hits[row])
        against: tuple[int, ...] = ()
        if thresholds is not None and len(queries) > 1:
            against = tuple(np.flatnonzero(each[row] < thresholds).tolist())
        found.append(Reason(int(nearest[row]), atoms, common, each[row], against))
        if on_done is not None:
            on_done(row + 1)
    return found


def support_thresholds(
    explainer: AtomExplainer,
    queries: Sequence[str],
    background: NDArray[np.float16] | None,
    prints: NDArray[np.uint8] | None,
) -> NDArray[np.float64] | None:
    """Score that `SUPPORT` of an encoder's random molecules do not reach, for each query.

    Returns
    -------
    float64 ``[n_queries]``; None where the encoder brings no such molecules.
    """
    scores = explainer.scores_of(queries, background, prints)
    return None if scores is None else np.quantile(scores, SUPPORT, axis=0)
