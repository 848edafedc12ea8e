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
    atoms
        What the atoms of it and of its nearest query contribute to its score.
    common
        What both share; None where the time for such searches was over.
    each
        float64 ``[n_queries]``: its similarity to each query by itself, weighted as it ranks.
    against
        Queries that do not speak for it: by them it stands below `SUPPORT` of random molecules.
    """

    atoms: AtomMap
    common: CommonPart | None
    each: NDArray[np.float64]
    against: tuple[int, ...]

    @property
    def query(self) -> int:
        """Number of the nearest query."""
        return self.atoms.nearest


def reasons(
    hits: Sequence[str],
    explainer: AtomExplainer,
    *,
    thresholds: NDArray[np.float64] | None = None,
    common_seconds: float = 60.0,
    on_done: OnDone | None = None,
) -> list[Reason]:
    """Explain hits.

    Parameters
    ----------
    hits
        Parents, as SMILES.
    thresholds
        float64 ``[n_queries]``: the similarity that `SUPPORT` of random molecules do not reach;
        None where that is not known.
    common_seconds
        Time for all common parts together; each alone has `molsearch.chem.common_part.SECONDS`.
    on_done
        Told how many hits are done.
    """
    queries = explainer.queries
    each = explainer.scores(hits)
    deadline = time.monotonic() + common_seconds
    found = []
    for row, atoms in enumerate(explainer.maps(hits)):
        common = None
        if time.monotonic() < deadline:
            common = common_part(queries[atoms.nearest], hits[row])
        against: tuple[int, ...] = ()
        if thresholds is not None and len(queries) > 1:
            against = tuple(np.flatnonzero(each[row] < thresholds).tolist())
        found.append(Reason(atoms, common, each[row], against))
        if on_done is not None:
            on_done(row + 1)
    return found


def support_thresholds(
    explainer: AtomExplainer,
    background: NDArray[np.float16] | None,
    prints: NDArray[np.uint8] | None,
) -> NDArray[np.float64] | None:
    """Similarity that `SUPPORT` of an encoder's random molecules do not reach, for each query.

    Returns
    -------
    float64 ``[n_queries]``; None where the encoder brings no such molecules.
    """
    scores = explainer.scores_of(background, prints)
    return None if scores is None else np.quantile(scores, SUPPORT, axis=0)
