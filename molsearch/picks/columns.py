"""Columns of hits by name: those of the list, and facts that are computed when asked for."""

from __future__ import annotations

import difflib
import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.facts import FACTS, compute
from molsearch.errors import UsageError
from molsearch.picks.table import HitTable
from molsearch.picks.values import is_number
from molsearch.usertypes.kept import days_in
from molsearch.view.hit import is_penalised

_PRICE = re.compile(r"(?:^|[^a-z])(?:price|cost)s?(?:$|[^a-z])", re.IGNORECASE)
_MONEY = re.compile(r"\d[\d.,' ]*")


Rows = NDArray[np.int64]
# pandas has its own types for whole numbers and texts of which some are missing.
_TYPES: dict[type, Any] = {int: "Int64", float: "float64", str: "str"}


class Columns:
    """Values of hits, each fact computed once and of those hits alone that are looked at."""

    def __init__(self, table: HitTable) -> None:
        self.table = table
        self.names = [str(name) for name in table.frame.columns]
        self._facts: dict[str, dict[int, Any]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.names or name in FACTS

    def values(self, option: str, name: str, rows: Rows | None = None) -> pd.Series[Any]:
        """Values of a column as it is written, or of a fact that the list lacks.

        Parameters
        ----------
        rows
            For these; for all where None.

        Raises
        ------
        UsageError
            There is no such column: `option` asked for it.
        """
        if rows is None:
            rows = np.arange(len(self.table))
        if name in self.names:
            return self.table.texts[name].iloc[rows].reset_index(drop=True)
        if name not in FACTS:
            raise UsageError(f"{option}: no column {name!r}; {self._alike(name)}")
        known = self._facts.setdefault(name, {})
        missing = [int(row) for row in rows if row not in known]
        parents = [self.table.parents[row] for row in missing]
        known.update(zip(missing, compute(parents, [name]).columns[name], strict=True))
        values = [known[int(row)] for row in rows]
        return pd.Series(pd.array(values, dtype=_TYPES[FACTS[name].kind]))

    def numbers(self, option: str, name: str, rows: Rows | None = None) -> NDArray[np.float64]:
        """Values as numbers, NaN where one is none."""
        column = self.values(option, name, rows)
        if name in self.names and _is_numeric(self.table.frame[name]):
            column = self.table.frame[name].iloc[slice(None) if rows is None else rows]
        column = pd.to_numeric(column, errors="coerce")
        return np.asarray(column.astype("float64").to_numpy())

    def days(self, option: str, name: str, rows: Rows | None = None) -> NDArray[np.float64]:
        """Values as days since 1970, NaN where one is none."""
        found = days_in(pa.array(self.texts(option, name, rows), pa.string()))
        return np.asarray(found.fill_null(np.nan).to_numpy(zero_copy_only=False))

    def texts(self, option: str, name: str, rows: Rows | None = None) -> list[str]:
        """Values as text, empty where one is missing."""
        column = self.values(option, name, rows)
        pairs = zip(column.tolist(), column.isna(), strict=True)
        return ["" if missing else str(value) for value, missing in pairs]

    def flags(self, name: str) -> NDArray[np.bool_]:
        """Where a column, if the list has it, says true."""
        if name not in self.names:
            return np.zeros(len(self.table), dtype=bool)
        return np.array([text.lower() == "true" for text in self.texts(name, name)], dtype=bool)

    def price_column(self, asked: str | None, *, needed: bool) -> str | None:
        """Find the column of prices: the one asked for, or the one so named.

        Raises
        ------
        UsageError
            It is not there; or one is needed, and none or several are so named.
        """
        if asked is not None:
            if asked not in self.names:
                raise UsageError(f"--price-column: no column {asked!r}; {self._alike(asked)}")
            return asked
        found = [name for name in self.names if _PRICE.search(name)]
        if needed and len(found) != 1:
            say = f"several ({', '.join(found)})" if found else "no column"
            raise UsageError(f"--budget: {say} named as a price; name one with --price-column")
        return found[0] if len(found) == 1 else None

    def prices(self, name: str) -> NDArray[np.float64]:
        """Prices of hits, ``[n]``; NaN where none can be read."""
        return np.array([price_of(text) for text in self.texts("--price-column", name)])

    def _alike(self, name: str) -> str:
        known = {one.casefold(): one for one in (*self.names, *FACTS)}
        close = [known[one] for one in difflib.get_close_matches(name.casefold(), known, 3, 0.6)]
        hint = f"close to it: {', '.join(close)}; " if close else ""
        return f"{hint}there are {', '.join(self.names)}, and facts such as qed"


def price_of(text: str) -> float:
    """Read a price with or without currency and thousands; NaN where it is none.

    What is a number as programs write it, is that number.

    Examples
    --------
    >>> [price_of(text) for text in ("$1,250.50", "45,00 €", "1'200", "on request", "-3")]
    [1250.5, 45.0, 1200.0, nan, nan]
    """
    if is_number(text) and not text.startswith("-"):
        return float(text)
    found = _MONEY.findall(text)
    if len(found) != 1 or "-" in text:
        return float("nan")
    digits = re.sub(r"[' ]", "", found[0]).rstrip(".,")
    if "," in digits and ("." not in digits or digits.rfind(",") > digits.rfind(".")):
        head, _, tail = digits.rpartition(",")
        decimal = len(tail) in (1, 2)
        digits = re.sub(r"[.,]", "", head) + ("." if decimal else "") + tail
    else:
        digits = digits.replace(",", "")
    try:
        return float(digits)
    except ValueError:
        return float("nan")


def _is_numeric(column: pd.Series[Any]) -> bool:
    is_ = pd.api.types
    return is_.is_numeric_dtype(column.dtype) or is_.is_bool_dtype(column.dtype)


def ranking_column(names: list[str], asked: str | None) -> str:
    """Name the column by which hits are better or worse.

    Raises
    ------
    UsageError
        None is asked for, and the list has none of ours.
    """
    if asked is not None:
        return asked
    if schema.SCORE in names:
        return schema.PENALISED_SCORE if is_penalised(names) else schema.SCORE
    raise UsageError(
        f"no column {schema.SCORE!r} in the hit list; name the one that ranks with --by "
        f"(there are {', '.join(names)})"
    )
