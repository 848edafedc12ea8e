"""Numbers as people write them: what a comma means is a matter of the whole column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from molsearch.errors import InputError

# 1,250 may be either; 1,234,567 and 1,250.5 only the former, 0,35 and 1,5 only the latter.
_EITHER = r"[+-]?[1-9]\d{0,2},\d{3}"
_THOUSANDS = r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?"
_DECIMALS = r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?"
_POINT = r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?"


@dataclass(frozen=True)
class Commas:
    """What the commas of a column mean, by the first cell of each kind; empty where none is.

    Attributes
    ----------
    either
        May have it between thousands or before decimals.
    thousands, decimals
        Can only have it there.
    point
        Has a point before decimals, and no comma.
    """

    either: str
    thousands: str
    decimals: str
    point: str

    @property
    def are_decimal(self) -> bool:
        """Whether a comma that may be either stands before decimals."""
        return bool(self.decimals) and not self.contradict

    @property
    def contradict(self) -> bool:
        """Whether cells of the column say either, so that others may be anything."""
        mixed = self.thousands or (self.either and self.point)
        return bool(self.decimals and mixed)

    @property
    def undecided(self) -> bool:
        """Whether nothing in the column says which it is."""
        return bool(self.either) and not (self.thousands or self.decimals or self.point)


def commas_of(texts: pd.Series) -> Commas:
    """Find what the commas of a column of numbers mean.

    Examples
    --------
    >>> commas_of(pd.Series(["0,35", "1,250"])).are_decimal
    True
    >>> commas_of(pd.Series(["1,250", "10,000"])).undecided
    True
    """
    distinct = pd.Series(texts.dropna().unique(), dtype=object)
    either = distinct.str.fullmatch(_EITHER).astype(bool)
    thousands = distinct.str.fullmatch(_THOUSANDS).astype(bool) & ~either
    decimals = distinct.str.fullmatch(_DECIMALS).astype(bool) & ~either
    point = distinct.str.fullmatch(_POINT).astype(bool)
    first = (next(iter(distinct[kind]), "") for kind in (either, thousands, decimals, point))
    return Commas(*first)


def numbers_of(texts: pd.Series) -> pd.Series:
    """Read a column of numbers, NaN where a cell is none.

    ``1,234`` has a comma between thousands, unless another cell of the column can only have one
    before decimals, as a spreadsheet writes them in much of Europe (``0,35``); where others
    contradict that, it is no number.

    Examples
    --------
    >>> numbers_of(pd.Series(["10,000", "2.5", "1,2,3"])).tolist()
    [10000.0, 2.5, nan]
    >>> numbers_of(pd.Series(["10,000", "0,35"])).tolist()
    [10.0, 0.35]
    """
    commas = commas_of(texts)
    either = texts.str.fullmatch(_EITHER)
    thousands = texts.str.fullmatch(_THOUSANDS) & ~(either & commas.are_decimal)
    plain = texts.where(~thousands, texts.str.replace(",", ""))
    decimals = plain.str.fullmatch(_DECIMALS)
    plain = plain.where(~decimals, plain.str.replace(",", "."))
    numbers = pd.to_numeric(plain, errors="coerce")
    return numbers.mask(either, np.nan) if commas.contradict else numbers


def refuse_contradiction(column: str, commas: Commas) -> None:
    """Refuse a column whose commas cannot be understood.

    Raises
    ------
    InputError
        Some cells can only have a comma before decimals, and others only between thousands.
    """
    if commas.contradict:
        other = commas.thousands or commas.point
        raise InputError(
            f"column {column!r} has a comma before decimals in {commas.decimals} and none in "
            f"{other}: write its numbers in one way"
        )


def undecided_note(value: str) -> str:
    """Say how a comma is read that nothing in its column decides."""
    return (
        f"{value} is read as {value.replace(',', '')}, for nothing says that its comma stands "
        "before decimals; write it with a point if it does"
    )
