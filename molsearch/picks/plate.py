"""Wells of plates: their names, those left empty, and what stands where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from molsearch.errors import UsageError
from molsearch.picks.config import Fill

SHAPES = {96: (8, 12), 384: (16, 24)}
_PLACE = re.compile(r"([A-P])?0*([1-9]\d?)?")


@dataclass(frozen=True)
class Layout:
    """Which wells of every plate take picks and which controls.

    Attributes
    ----------
    picks
        In the order in which they are filled.
    positive, negative
        Wells of the two kinds of control: from the last one backwards, in turn.
    """

    size: int
    picks: tuple[str, ...]
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()


def wells(size: int, fill: Fill = "rows") -> list[str]:
    """All wells of a plate, ``A01`` first, by rows or by columns.

    Examples
    --------
    >>> wells(96)[:2], wells(96, "columns")[:2], wells(384)[-1]
    (['A01', 'A02'], ['A01', 'B01'], 'P24')
    """
    n_rows, n_columns = SHAPES[size]
    rows, columns = ascii_uppercase[:n_rows], range(1, n_columns + 1)
    if fill == "rows":
        return [f"{row}{column:02d}" for row in rows for column in columns]
    return [f"{row}{column:02d}" for column in columns for row in rows]


def empty_wells(size: int, texts: Sequence[str]) -> set[str]:
    """Wells that stay empty: wells, rows (letters) and columns (numbers), by commas or repeated.

    Raises
    ------
    UsageError
        A plate of this size has no such place.
    """
    every = wells(size)
    found: set[str] = set()
    for part in (part.strip().upper() for text in texts for part in text.split(",")):
        match = _PLACE.fullmatch(part)
        row, column = match.groups() if match else (None, None)
        some = {
            well
            for well in every
            if (row or column)
            and (row is None or well[0] == row)
            and (column is None or int(well[1:]) == int(column))
        }
        if not some:
            raise UsageError(
                f"--leave-empty {part!r} is no well, row or column of a {size}-well plate; write "
                "for instance 'A,H,1,12' or 'A01'"
            )
        found |= some
    return found


def layout(size: int, fill: Fill, empty: Sequence[str], n_positive: int, n_negative: int) -> Layout:
    """Divide the wells of a plate.

    Raises
    ------
    UsageError
        No well is left, or controls take every one.
    """
    closed = empty_wells(size, empty)
    free = [well for well in wells(size, fill) if well not in closed]
    if not free:
        raise UsageError(
            f"--leave-empty leaves no well of {size}: name fewer rows, columns and wells"
        )
    n_controls = n_positive + n_negative
    if n_controls >= len(free):
        raise UsageError(
            f"{n_controls} control wells leave no room: {len(free)} of {size} wells are not left "
            "empty; give fewer --control-wells, or --plate 384"
        )
    last = [well for well in reversed(wells(size, "columns")) if well not in closed][:n_controls]
    shared = 2 * min(n_positive, n_negative)
    positive = [*last[:shared:2], *last[shared : shared + max(0, n_positive - n_negative)]]
    negative = [*last[1:shared:2], *last[shared : shared + max(0, n_negative - n_positive)]]
    taken = {*positive, *negative}
    picks = tuple(well for well in free if well not in taken)
    return Layout(size, picks, tuple(positive), tuple(negative))
