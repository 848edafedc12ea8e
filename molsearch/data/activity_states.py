"""What an activity column says of the rows of a table, and who is active by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ACTIVE, INACTIVE, NEITHER = 1, -1, 0
GAP = 1.0  # log units below the least active value in which a molecule counts as neither


@dataclass(frozen=True)
class Tested:
    """What a table says of its rows.

    Attributes
    ----------
    column
        The activity column, as the user named it.
    values
        float64 ``[n]``: -log10 of a molar concentration; infinite for a label; NaN where the
        row says nothing.
    bounds
        int8 ``[n]``: 1 where the true value is above, -1 where it is below `values`, else 0.
    unread
        Of labels, the rows with a word that is not known, and that word.
    undecided
        A value whose comma may stand between thousands or before decimals; empty without one.
    relation
        The column whose signs bound some of the values; empty without one.
    is_turned
        Whether these are signs of the concentration, and the values its logarithm.
    flags
        The column that doubts values, and how many of them, which are left out for it.
    """

    column: str
    values: NDArray[np.float64]
    bounds: NDArray[np.int8]
    unread: tuple[tuple[int, str], ...] = ()
    undecided: str = ""
    relation: str = ""
    is_turned: bool = False
    flags: tuple[str, int] = ("", 0)

    @property
    def is_labels(self) -> bool:
        """Whether the column says active or inactive, rather than how active."""
        return bool(np.isinf(self.values).any())

    def states(self, groups: Sequence[str], least: float) -> NDArray[np.int8]:
        """`ACTIVE`, `INACTIVE` or `NEITHER` for each row, ``[n]``; alike within a group.

        Parameters
        ----------
        groups
            Name of the molecule of each row: one that was measured several times counts by its
            median, a bound where nothing else is known.
        least
            Least value of an active; inactive is what lies `GAP` below.
        """
        members: dict[str, list[int]] = {}
        for row, group in enumerate(groups):
            if not np.isnan(self.values[row]):
                members.setdefault(group, []).append(row)
        found = {group: self._state(rows, least) for group, rows in members.items()}
        return np.array([found.get(group, NEITHER) for group in groups], dtype=np.int8)

    def disagreeing(self, groups: Sequence[str]) -> int:
        """Count the molecules whose values lie more than `GAP` apart, bounds aside."""
        found: dict[str, list[float]] = {}
        for value, bound, group in zip(self.values, self.bounds, groups, strict=True):
            if not np.isnan(value) and bound == 0:
                found.setdefault(group, []).append(float(value))
        return sum(min(values) + GAP < max(values) for values in found.values())

    def _state(self, rows: list[int], least: float) -> int:
        """State of one molecule: what was measured speaks before what is only bounded."""
        exact = [row for row in rows if self.bounds[row] == 0]
        chosen = exact or rows
        values = self.values[chosen]
        if np.isinf(values).any():  # labels: the more frequent one
            return int(np.sign(np.sign(values).sum()))
        bound = int(np.sign(self.bounds[chosen].sum()))
        return _state(float(np.median(values)), bound, least)


def _state(value: float, bound: int, least: float) -> int:
    if value >= least and bound >= 0:
        return ACTIVE
    if bound < 0:
        return INACTIVE if value <= least - GAP else NEITHER
    return INACTIVE if bound == 0 and value < least - GAP else NEITHER
