"""The sum by which a whole pool is ranked: one for benchmarks, choices of weights, and trust."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.scoring.expression import Term
from molsearch.scoring.fusion import Fusion, fuse
from molsearch.scoring.protocols import Scores

Floats = NDArray[np.float64]
Fused = Callable[[str, Fusion], Floats]


def fused_of(scores: Mapping[str, NDArray[Any]], queries: NDArray[np.integer]) -> Fused:
    """Fuse the scores ``[q, n]`` of each component over some queries, each way once.

    Returns
    -------
    From a component's name and a fusion to float64 ``[n]``.
    """
    known: dict[tuple[str, Fusion], Floats] = {}

    def fused(name: str, how: Fusion) -> Floats:
        if (name, how) not in known:
            columns = scores[name][queries].T.astype(np.float64)
            known[name, how] = np.asarray(fuse(columns, how))
        return known[name, how]

    return fused


def added(terms: Iterable[Term], fused: Fused) -> Scores:
    """Add fused components, each times its weight, float32 ``[n]``.

    A molecule that a component could score for some query only is judged by that one; one that
    some component could score for none gets minus infinity, so that all such tie at the end.
    """
    total: Floats | float = 0.0
    for term in terms:
        total = total + term.weight * fused(term.name, term.fusion or "max")
    return np.where(np.isnan(total), -np.inf, total).astype(np.float32)
