"""Choosing among candidates: down the list, or each the farthest from those before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.picks.limits import Limits

START = 0.6
_STEP = 0.02


@dataclass
class Chosen:
    """Candidates in the order in which they were picked.

    Attributes
    ----------
    refused
        How often each limit refused a candidate.
    max_similarity
        Of two picks, where sphere exclusion picked them.
    """

    picks: list[int] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    max_similarity: float | None = None


def down_the_list(
    prints: NDArray[np.uint8],
    n: int,
    limits: Limits,
    first: Sequence[int] = (),
    max_similarity: float = 1.0,
) -> Chosen:
    """Pick the best candidates of which no two are more similar than allowed.

    Sphere exclusion in the order of the list, as RDKit's LeaderPicker does it for a list
    in that order, with limits.

    Parameters
    ----------
    prints
        ECFP4 of the candidates, uint8 ``[m, 256]``, best first.
    first
        Candidates picked before all others.
    """
    chosen = Chosen(max_similarity=max_similarity)
    nearest = np.zeros(len(prints))
    for candidate in [*first, *range(len(prints))]:
        if len(chosen.picks) >= n:
            break
        asked = len(chosen.picks) < len(first)
        if not asked:
            if candidate in chosen.picks:
                continue
            why = limits.why_not(candidate)
            if not why and nearest[candidate] > max_similarity:
                why = "--max-similarity"
            if why:
                chosen.refused[why] += 1
                continue
        chosen.picks.append(candidate)
        limits.take(candidate)
        if max_similarity < 1.0:
            np.maximum(nearest, _similar(prints, candidate), out=nearest)
    return chosen


def as_diverse_as_fits(
    prints: NDArray[np.uint8],
    n: int,
    limits: Callable[[], Limits],
    first: Sequence[int] = (),
    start: float = START,
) -> Chosen:
    """Sphere exclusion at the lowest similarity, from `start` upwards, that gives `n` picks."""
    allowed = start
    while True:
        chosen = down_the_list(prints, n, limits(), first, allowed)
        if len(chosen.picks) >= n or allowed >= 1.0:
            return chosen
        allowed = min(1.0, round(allowed + _STEP, 2))


def farthest(
    prints: NDArray[np.uint8], n: int, limits: Limits, first: Sequence[int] = ()
) -> Chosen:
    """Pick the best candidate, then each time the one least similar to all picks (MaxMin).

    Of equally far ones the best is taken: nothing is drawn by chance.
    """
    chosen = Chosen()
    nearest = np.zeros(len(prints))
    open_ = np.ones(len(prints), dtype=bool)

    def take(candidate: int) -> None:
        chosen.picks.append(candidate)
        limits.take(candidate)
        open_[candidate] = False
        np.maximum(nearest, _similar(prints, candidate), out=nearest)

    for candidate in first:
        take(candidate)
    while len(chosen.picks) < n and open_.any():
        left = np.flatnonzero(open_)
        for candidate in left[np.argsort(nearest[left], kind="stable")]:
            why = limits.why_not(int(candidate))
            if not why:
                take(int(candidate))
                break
            # No limit is ever raised, so what one refuses now it refuses later.
            chosen.refused[why] += 1
            open_[candidate] = False
    return chosen


def _similar(prints: NDArray[np.uint8], candidate: int) -> NDArray[np.float64]:
    return tanimoto_matrix(prints[candidate][None], prints)[0]
