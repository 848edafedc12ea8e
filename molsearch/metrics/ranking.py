"""A ranked list in which ties stand in no order at all.

Molecules with equal scores may come in any order. Every metric here is the mean over all of
those orders, in closed form: at each rank stands the *expected* activity (actives in the tie
divided by its size), never an order that happens to favour the method.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from molsearch.errors import InputError
from molsearch.words import counted

Floats = npt.NDArray[np.float64]
Floating = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Ranking:
    """Tie groups of a ranked list, best first.

    Attributes
    ----------
    sizes
        Molecules in each group of equal scores, shape ``[n_groups]``.
    actives
        Actives in each group, shape ``[n_groups]``.
    """

    sizes: npt.NDArray[np.int64]
    actives: npt.NDArray[np.int64]

    @property
    def n(self) -> int:
        """Molecules in the list."""
        return int(self.sizes.sum())

    @property
    def n_actives(self) -> int:
        """Actives in the list."""
        return int(self.actives.sum())

    @property
    def n_inactives(self) -> int:
        """Decoys or inactives in the list."""
        return self.n - self.n_actives

    @cached_property
    def expected(self) -> Floats:
        """Probability that rank r holds an active, shape ``[n]``; rank 1 is element 0."""
        return np.repeat(self.actives / self.sizes, self.sizes)

    @cached_property
    def position(self) -> npt.NDArray[np.int64]:
        """Place of each rank within its tie group, counted from 0, shape ``[n]``."""
        return np.arange(self.n) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)

    @property
    def undefined(self) -> str:
        """Why no metric can be told of this list; empty where one can."""
        if self.n == 0:
            return "the list is empty"
        if self.n_actives == 0:
            return "the list holds no actives"
        if self.n_inactives == 0:
            return "the list holds no decoys or inactives"
        return ""


def products(rows: Floating, vector: Floating) -> Floating:
    """Products of `rows` ``[n, dim]`` with one `vector` ``[dim]``: equal rows tie, to the last bit.

    A linear algebra library sums in an order that depends on where a row stands, and on the
    processor; equal molecules would be ranked by their place in the file.
    """
    return np.asarray(np.einsum("ij,j->i", rows, vector))


def rank(scores: npt.ArrayLike, is_active: npt.ArrayLike) -> Ranking:
    """Rank `scores` (higher is better) and count the actives of each tie.

    Parameters
    ----------
    scores
        One score a molecule, shape ``[n]``; infinities are scores, NaN is not.
    is_active
        True where the molecule is an active, shape ``[n]``.

    Raises
    ------
    InputError
        On NaN, or where the two shapes differ.
    """
    values = np.asarray(scores)
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    labels = np.asarray(is_active).astype(bool)
    if values.ndim != 1 or values.shape != labels.shape:
        raise InputError(
            f"scores of shape {values.shape} do not fit labels of shape {labels.shape}: "
            "give one score and one label a molecule"
        )
    bad = np.flatnonzero(np.isnan(values))
    if bad.size:
        raise InputError(
            f"{bad.size} of {counted(values.size, 'score')} are NaN (first at position {bad[0]}): "
            "give molecules that cannot be scored the lowest score, not NaN"
        )
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])[: values.size]
    sizes = np.diff(np.r_[starts, values.size])
    before = np.r_[0, np.cumsum(labels[order])]
    return Ranking(sizes.astype(np.int64), np.diff(before[np.r_[starts, values.size]]))
