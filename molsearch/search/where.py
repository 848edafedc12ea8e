"""Conditions on numeric columns of a hit list, such as ``mw<500`` or ``0.2<=ecfp4_similarity<0.4``.

A small grammar read by one regular expression; nothing is ever evaluated as code.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.errors import UsageError

STORED = (*schema.PROPERTIES, schema.UNSPECIFIED_STEREO)
COMPUTED = (schema.SCORE, schema.ECFP4_SIMILARITY, schema.PERCENTILE)

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_CONDITION = re.compile(
    rf"(?:(?P<low>{_NUMBER})\s*(?P<low_op><=?)\s*)?"
    rf"(?P<name>[A-Za-z_]\w*)\s*(?P<op><=|>=|==|!=|<|>|=)\s*(?P<value>{_NUMBER})"
)
_AND = re.compile(r"\s*(?:,|&+|\band\b)\s*", re.IGNORECASE)
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
_MIRRORED = {"<": ">", "<=": ">="}


@dataclass(frozen=True)
class Condition:
    """A comparison of one column with a number."""

    column: str
    operator: str
    value: float

    def holds(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Where the condition holds; a missing value (NaN) never passes."""
        numbers = values.astype(np.float64)
        result = _OPERATORS[self.operator](numbers, self.value)
        return np.asarray(result & ~np.isnan(numbers))


def parse(texts: Sequence[str]) -> tuple[Condition, ...]:
    """Read conditions; all of them must hold.

    Raises
    ------
    UsageError
        A text is no condition, or names an unknown column.

    Examples
    --------
    >>> parse(["200<=mw<500, clogp<=5"])[0]
    Condition(column='mw', operator='<', value=500.0)
    """
    return tuple(
        condition for text in texts for part in _AND.split(text) for condition in _read(part, text)
    )


def all_hold(
    conditions: Sequence[Condition], columns: Mapping[str, NDArray[Any]], n_rows: int
) -> NDArray[np.bool_]:
    """Rows for which every condition holds."""
    passed = np.ones(n_rows, dtype=bool)
    for condition in conditions:
        passed &= condition.holds(columns[condition.column])
    return passed


def _read(part: str, text: str) -> list[Condition]:
    found = _CONDITION.fullmatch(part.strip())
    if found is None:
        raise UsageError(
            f"--where {text[:80]!r} is no condition; write for instance 'mw<500' or "
            "'200<=mw<500, clogp<=5'"
        )
    name = found["name"].lower()
    if name not in STORED + COMPUTED:
        raise UsageError(
            f"--where {text[:80]!r}: no column {found['name']!r}; there are "
            + ", ".join(STORED + COMPUTED)
        )
    conditions = [Condition(name, found["op"], float(found["value"]))]
    if found["low"] is not None:
        mirrored = _MIRRORED[found["low_op"]]
        conditions.append(Condition(name, mirrored, float(found["low"])))
    return conditions
