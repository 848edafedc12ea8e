"""What a scan asks for of the rows of a shard: those that may be of use, with bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from molsearch.index.blocks import CheckedRows, Rows


class NotFiniteError(ValueError):
    """An embedding of the rows is not finite."""


@dataclass(frozen=True)
class Beside:
    """What counts of a shard's rows beside their embeddings.

    Attributes
    ----------
    prints
        Fingerprints, or None.
    rarity
        float32 ``[n, 1]``, or None.
    """

    prints: CheckedRows | None = None
    rarity: Rows | None = None


@dataclass(frozen=True)
class Passed:
    """Rows that may be of use to a list; one that may be to several stands here once for each.

    Attributes
    ----------
    rows
        int64 ``[n]``: places in the shard.
    lists
        int64 ``[n]``.
    highest, lowest
        float32 ``[n]``: between these lies the row's exact score in the list.
    """

    rows: NDArray[np.int64]
    lists: NDArray[np.int64]
    highest: NDArray[np.float32]
    lowest: NDArray[np.float32]


class Sieve(Protocol):
    """Finds the rows of one shard that may be of use, under a plan."""

    def passed(
        self,
        start: int,
        stop: int,
        thresholds: NDArray[np.float64],
        out: NDArray[np.bool_] | None,
    ) -> Passed:
        """Find them among rows ``start .. stop - 1``; may be called from several threads.

        Parameters
        ----------
        thresholds
            ``[lists]``: what a row's highest possible score must reach. A row that reaches none
            may be given all the same.
        out
            bool ``[stop - start]``: rows that are out of consideration.

        Raises
        ------
        NotFiniteError
            What the name says; of rows that are `out`, too.
        """
        ...
