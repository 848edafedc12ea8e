"""A series split by scaffold, and the batches that training on a part of it draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.data.series import Series
from molsearch.errors import InputError
from molsearch.words import counted

FIT, CHOOSE, HELD_OUT = 0, 1, 2
_FEWEST = 2  # actives in every part


def split_by_scaffold(
    groups: Sequence[str], active: NDArray[np.bool_], shares: tuple[float, float], seed: int
) -> NDArray[np.int64]:
    """Assign each molecule to `FIT`, `CHOOSE` (early stopping) or `HELD_OUT`; scaffolds stay whole.

    Scaffolds come in random order, and fill first the held-out part, then the choosing part,
    until each has its share of the actives; a scaffold that would overfill a part by more than
    its size again goes to the next.

    Parameters
    ----------
    groups
        M names of scaffolds.
    active
        bool ``[M]``.
    shares
        Of the actives, for `CHOOSE` and `HELD_OUT`.

    Returns
    -------
    ndarray
        int64 ``[M]``.

    Raises
    ------
    InputError
        If a part is left with fewer than two actives.
    """
    n_actives = Counter(g for g, is_active in zip(groups, active, strict=True) if is_active)
    order = sorted(set(groups))
    order = [order[i] for i in np.random.default_rng(seed).permutation(len(order))]
    room = {
        part: max(share * active.sum(), _FEWEST)
        for part, share in ((HELD_OUT, shares[1]), (CHOOSE, shares[0]))
    }
    filled = dict.fromkeys(room, 0)
    place: dict[str, int] = {}
    for group in order:
        for part, wanted in room.items():
            fits = filled[part] + n_actives[group] <= 2 * wanted
            if filled[part] < wanted and fits:
                place[group] = part
                filled[part] += n_actives[group]
                break
        else:
            place[group] = FIT
    parts = np.array([place[group] for group in groups], np.int64)
    counts = [int(active[parts == part].sum()) for part in (FIT, CHOOSE, HELD_OUT)]
    if min(counts) < _FEWEST:
        raise InputError(
            f"{counted(int(active.sum()), 'active')} on {counted(len(n_actives), 'scaffold')} "
            "cannot be split in three "
            f"parts of at least {_FEWEST} actives each ({counts}): bring more scaffolds"
        )
    return parts


@dataclass(frozen=True, slots=True)
class SeriesBatch:
    """Pairs, and negatives among the series' inactives and the library's molecules.

    Attributes
    ----------
    first, second, inactives
        int64 rows of the series.
    decoys
        int64 rows of the library.
    shares_target
        bool ``[B, B]``.
    is_negative
        bool ``[B, len(inactives) + len(decoys)]``.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    inactives: NDArray[np.int64]
    decoys: NDArray[np.int64]
    shares_target: NDArray[np.bool_]
    is_negative: NDArray[np.bool_]


class SeriesSampler:
    """Draws pairs of actives, targets by the square root of their number, and negatives.

    Parameters
    ----------
    series
        The molecules.
    rows
        int64: those that may be drawn.
    decoys
        int64: rows of the library that may be drawn.
    n_pairs, n_negatives
        A step; up to half of the negatives are measured inactives.
    """

    def __init__(
        self,
        series: Series,
        rows: NDArray[np.int64],
        decoys: NDArray[np.int64],
        *,
        n_pairs: int,
        n_negatives: int,
        seed: int,
    ) -> None:
        self._series = series
        self._ligands = [rows[series.active[rows, t]] for t in range(len(series.targets))]
        self._usable = [t for t, ligands in enumerate(self._ligands) if len(ligands) >= 2]
        if not self._usable:
            raise InputError("no target has two actives to learn from: bring more molecules")
        chance = np.sqrt([len(self._ligands[t]) for t in self._usable])
        self._chance = chance / chance.sum()
        self._inactives = rows[series.inactive[rows].any(1)]
        self._decoys = decoys
        self._n = n_pairs, n_negatives
        self._seed = seed

    def draw(self, step: int) -> SeriesBatch:
        """Return the batch of a step; it depends on the seed and the step alone."""
        random = np.random.default_rng([self._seed, step])
        n_pairs, n_negatives = self._n
        targets = random.choice(self._usable, n_pairs, p=self._chance)
        pairs = np.array([random.choice(self._ligands[t], 2, replace=False) for t in targets])
        n_inactives = min(n_negatives // 2, len(self._inactives))
        inactives = random.choice(self._inactives, n_inactives, replace=False)
        n_decoys = min(n_negatives - n_inactives, len(self._decoys))
        decoys = random.choice(self._decoys, n_decoys, replace=False)
        first, second = pairs[:, 0], pairs[:, 1]
        active = self._series.active.astype(np.int64)
        # An inactive is one for the pair's target alone; a library molecule for every target.
        measured = self._series.inactive[inactives][:, targets].T
        assumed = np.ones((n_pairs, n_decoys), np.bool_)
        return SeriesBatch(
            first,
            second,
            inactives.astype(np.int64),
            decoys.astype(np.int64),
            active[first] @ active[second].T > 0,
            np.concatenate([measured, assumed], axis=1),
        )
