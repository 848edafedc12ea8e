"""Rows that may be of use, by scores of all rows of a chunk and how wrong these can be."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.scoring.plan import ScanPlan
from molsearch.search.engine.backend import Approximate, Backend
from molsearch.search.engine.copied import CopyBackend
from molsearch.search.engine.sieve import Beside, NotFiniteError, Passed

_DOWN = np.float32(-np.inf)
_Thresholds = NDArray[np.float64]


class ScoredSieve:
    """See `molsearch.search.engine.sieve.Sieve`.

    Parameters
    ----------
    beside
        What else counts of the shard's rows.
    error
        Bound on the difference between a float32 score and the exact one.
    """

    def __init__(self, backend: Backend, plan: ScanPlan, beside: Beside, error: float) -> None:
        self._backend, self._plan, self._beside, self._error = backend, plan, beside, error

    def passed(
        self, start: int, stop: int, thresholds: _Thresholds, out: NDArray[np.bool_] | None
    ) -> Passed:
        """See `molsearch.search.engine.sieve.Sieve.passed`."""
        found = self._backend.score(start, stop)
        prints, rarity = self._beside.prints, self._beside.rarity
        scores = self._plan.finish(
            found.cosines,
            None if prints is None else prints.rows(start, stop),
            None if rarity is None else _tensor(rarity.rows(start, stop)),
        )
        places = np.arange(start, stop)
        check(scores, out)
        if isinstance(self._backend, CopyBackend) and self._backend.refines:
            # By their own bounds first, then multiplied as they are stored.
            places = places[self._possible(scores, found, thresholds)]
            if len(places):
                found = self._backend.refine(places)
                scores = self._plan.finish(
                    found.cosines,
                    None if prints is None else prints.take(places),
                    None if rarity is None else _tensor(rarity.take(places)),
                )
            else:
                scores, found = scores[:0], Approximate(found.cosines[:0])
        return reaching(scores, found, places, thresholds, self._plan.of_products, self._error)

    def _possible(
        self, scores: torch.Tensor, found: Approximate, thresholds: _Thresholds
    ) -> NDArray[np.int64]:
        """Rows whose highest possible score, each by its own bound, is of use to a list."""
        assert found.error is not None
        width = np.float32(self._plan.of_products) * found.error + np.float32(self._error)
        lowered = np.nextafter(thresholds.astype(np.float32) - width[:, None], _DOWN)
        return np.flatnonzero((scores.numpy() >= lowered).any(axis=1))


def check(scores: torch.Tensor, out: NDArray[np.bool_] | None) -> None:
    """Refuse scores that are not finite; those of rows that are `out` become the lowest.

    Raises
    ------
    NotFiniteError
        See there.
    """
    if not math.isfinite(_sum(scores)):
        raise NotFiniteError
    if out is not None:
        scores[torch.from_numpy(out).to(scores.device)] = -torch.inf


def reaching(
    scores: torch.Tensor,
    found: Approximate,
    places: NDArray[np.int64],
    thresholds: _Thresholds,
    of_products: float,
    error: float,
) -> Passed:
    """Find what may be of use among rows that stand at `places`, by scores ``[n, lists]``."""
    least = (thresholds - (of_products * found.largest + error)).astype(np.float32)
    at = _reaching(scores, np.nextafter(least, _DOWN))
    around = _taken(scores.reshape(-1), at)
    rows, lists = np.divmod(at, len(thresholds))
    width: NDArray[np.float32] | np.float32 = np.float32(error)
    if found.error is not None:
        width = np.float32(of_products) * found.error[rows] + width
    return Passed(places[rows], lists, around + width, around - width)


def _reaching(scores: torch.Tensor, least: NDArray[np.float32]) -> NDArray[np.int64]:
    """Places in the scores ``[n, lists]``, one row after the other, that reach what they must."""
    if scores.device.type == "cpu":
        return np.flatnonzero(scores.numpy() >= least)  # quicker than PyTorch's
    reached = (scores >= torch.from_numpy(least).to(scores.device)).reshape(-1)
    return torch.nonzero(reached)[:, 0].cpu().numpy()


def _tensor(rarity: NDArray[np.float32]) -> torch.Tensor:
    # Mapped rows cannot be written, which a tensor of them would allow.
    return torch.from_numpy(np.array(rarity))


# On the processor by NumPy: PyTorch would share such work among threads of its own, and these wait
# for one another within the threads of a scan.
def _sum(scores: torch.Tensor) -> float:
    return float(scores.numpy().sum() if scores.device.type == "cpu" else scores.sum())


def _taken(scores: torch.Tensor, places: NDArray[np.int64]) -> NDArray[np.float32]:
    if scores.device.type == "cpu":
        return np.asarray(scores.numpy()[places])
    return scores[torch.from_numpy(places).to(scores.device)].cpu().numpy()
