"""Conditions on the columns of a hit list, such as ``mw<500`` or ``vendor="Enamine"``.

A small grammar read by regular expressions; nothing is ever evaluated as code.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.facts import FACTS
from molsearch.chem.readers.rows import typed_text
from molsearch.chem.rules import PRESETS
from molsearch.errors import UsageError
from molsearch.usertypes.kept import DAY, NUMBER

STORED = tuple(name for name, fact in FACTS.items() if fact.kind is not str)
COMPUTED = (
    schema.SCORE,
    schema.MOLSEARCH_SCORE,
    schema.ECFP4_SCORE,
    schema.ECFP4_SIMILARITY,
    schema.PERCENTILE,
    schema.RARITY_SCORE,
)
# Computed too, where inactives are given (and weigh).
OF_INACTIVES = (schema.INACTIVE_SCORE, schema.SIMILARITY_SCORE)
# Text of every molecule, which is equal to another or is not.
TEXTS = (schema.MOLECULE_ID, schema.SOURCE, schema.GEOMETRY, schema.SCAFFOLD, schema.INCHIKEY)
OURS = (*STORED, *COMPUTED, *OF_INACTIVES, *TEXTS)

_QUOTED = r'"[^"]*"'
_NAME = r'(?:"[^"]+"|[^\W\d]\w*)'
_WORD = r"[^\W\d][\w.\-]*"
_AMOUNT = rf"{DAY}|{NUMBER}"
_CONDITION = re.compile(
    rf"(?:(?P<low>{_AMOUNT})\s*(?P<low_op><=?)\s*)?"
    rf"(?P<name>{_NAME})\s*(?P<op><=|>=|==|!=|<|>|=)\s*"
    rf"(?:(?P<value>{_AMOUNT})|(?P<text>{_QUOTED}|{_WORD}))"
)
_AND = re.compile(rf"({_QUOTED})|\s*(?:,|&+|\band\b)\s*", re.IGNORECASE)
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
_OF_TEXT = ("=", "==", "!=")
_TRUTHS = ("true", "false")  # which sources write with capitals, or without
_EPOCH = date(1970, 1, 1)
_MIRRORED = {"<": ">", "<=": ">="}


@dataclass(frozen=True)
class Condition:
    """A comparison of one column with a number, a day, or a text.

    Attributes
    ----------
    column
        One of ours in small letters, or one of the user's as it was written.
    """

    column: str
    operator: str
    value: float | str | date

    @property
    def is_ours(self) -> bool:
        """Whether the column is one that every hit list has, or inactives bring."""
        return self.column in OURS

    def holds(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Where the condition holds.

        Parameters
        ----------
        values
            Numbers ``[n]``, or days since 1970 for a condition on days, of which NaN never
            passes; for a text condition strings, of which the empty one (no value) passes
            ``=""`` alone, and None (not known) nothing. Of ``true`` and ``false`` capitals do
            not matter.
        """
        if isinstance(self.value, str):
            wanted = self.value
            if wanted.lower() in _TRUTHS:
                wanted, values = wanted.lower(), np.array([_lowered(text) for text in values])
            same = np.array([text == wanted for text in values], dtype=bool)
            given = np.array([text is not None and text != "" for text in values], dtype=bool)
            return ~same & given if self.operator == "!=" else same
        numbers = values.astype(np.float64)
        value = (self.value - _EPOCH).days if isinstance(self.value, date) else self.value
        result = _OPERATORS[self.operator](numbers, value)
        return np.asarray(result & ~np.isnan(numbers))


def parse(texts: Sequence[str]) -> tuple[Condition, ...]:
    """Read conditions; all of them must hold.

    A preset of `molsearch.chem.rules` stands for its condition.

    A column that is none of ours is taken for one of the user's library, which alone can tell
    whether it is there.

    Raises
    ------
    UsageError
        A text is no condition, or compares one of our numeric columns with a text.

    Examples
    --------
    >>> parse(["200<=mw<500, clogp<=5"])[0]
    Condition(column='mw', operator='<', value=500.0)
    >>> parse(['"Price (USD)"<100 and vendor=Enamine'])[1]
    Condition(column='vendor', operator='=', value='Enamine')
    """
    return tuple(
        condition
        for text in map(typed_text, texts)
        for part in _parts(text)
        for condition in _read(PRESETS.get(part.strip().lower(), part), text)
    )


def all_hold(
    conditions: Sequence[Condition], columns: Mapping[str, NDArray[Any]], n_rows: int
) -> NDArray[np.bool_]:
    """Rows for which every condition holds."""
    passed = np.ones(n_rows, dtype=bool)
    for condition in conditions:
        passed &= condition.holds(columns[condition.column])
    return passed


def _parts(text: str) -> Iterator[str]:
    """Split at ``,``, ``&`` and ``and``, but not within quotes."""
    start = 0
    for found in _AND.finditer(text):
        if found[1] is None:
            yield text[start : found.start()]
            start = found.end()
    yield text[start:]


def _read(part: str, text: str) -> list[Condition]:
    found = _CONDITION.fullmatch(part.strip())
    if found is None or (found["text"] is not None and not _compares_text(found)):
        raise UsageError(
            f"--where {text[:80]!r} is no condition; write for instance 'mw<500', "
            "'200<=mw<500, clogp<=5', 'made>=2024-06-01' or "
            '\'"list price"<90, vendor="Acme Ltd"\' (double quotes round a name or '
            f"text of several words), or a preset: {', '.join(PRESETS)}"
        )
    name = _column(found["name"])
    if name in TEXTS:
        if not _compares_text(found):
            raise UsageError(f"--where {text[:80]!r}: {name} holds text; compare it by = or !=")
        return [Condition(name, found["op"], (found["text"] or found["value"]).strip('"'))]
    if found["text"] is not None:
        if name in OURS:
            raise UsageError(f"--where {text[:80]!r}: {name} holds numbers; compare it with one")
        return [Condition(name, found["op"], found["text"].strip('"'))]
    ends = [(found["op"], _amount(found["value"], text))]
    if found["low"] is not None:
        ends.append((_MIRRORED[found["low_op"]], _amount(found["low"], text)))
    if len({type(value) for _, value in ends}) > 1:
        raise UsageError(f"--where {text[:80]!r}: write a number at both ends, or a day at both")
    if name in OURS and isinstance(ends[0][1], date):
        raise UsageError(f"--where {text[:80]!r}: {name} holds numbers; compare it with one")
    return [Condition(name, operator, value) for operator, value in ends]


def _amount(found: str, text: str) -> float | date:
    if re.fullmatch(DAY, found) is None:
        return float(found)
    try:
        return date.fromisoformat(found)
    except ValueError:
        raise UsageError(f"--where {text[:80]!r}: there is no day {found}") from None


def _lowered(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def _compares_text(found: re.Match[str]) -> bool:
    return found["op"] in _OF_TEXT and found["low"] is None


def _column(name: str) -> str:
    bare = name.strip('"')
    return bare.lower() if bare.lower() in OURS else bare
