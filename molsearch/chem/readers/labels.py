"""Words for active and inactive, as people and PubChem write them; every table is read by these."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A probe is what PubChem calls a confirmed active that was made into a tool.
_ACTIVE = frozenset({"active", "yes", "true", "probe", "1", "1.0", "y", "a"})
_INACTIVE = frozenset({"no", "false", "0", "0.0", "n", "i"})
_UNSURE = frozenset({"", "inconclusive", "unspecified", "intermediate", "weak", "unknown", "n/a",
                    "na", "nan", "nd", "n.d.", "-", "?"})  # fmt: skip
#: What says so in a comment beside a value, where a bare 0 or n says nothing.
NOT_ACTIVE = r"^(?:not active\b.*|inactive|non-?active|no activity)$"
_WORD = re.compile(r"[^\W\d_]{2}")
_LEAST = 0.5  # share of the cells that must be understood for the others to be left out


@dataclass(frozen=True)
class Labels:
    """A column of labels.

    Attributes
    ----------
    values
        float64 ``[n]``: infinite for an active, minus infinity for an inactive, else NaN.
    unread
        The rows whose word is none of ours, and that word.
    is_likely
        Whether labels are what is meant, though some are none of ours.
    is_clear
        Whether the column can be read, without these rows.
    """

    values: NDArray[np.float64]
    unread: tuple[tuple[int, str], ...]
    is_likely: bool
    is_clear: bool


def labels_of(texts: Sequence[str]) -> Labels:
    """Read a column of labels, in any capitals; a word that is none of ours says nothing.

    Letters and numbers that are none of ours make labels unlikely where no word of ours stands
    beside them: a column of 0, 1 and 2 numbers classes, and one of A and B names them.

    Examples
    --------
    >>> labels_of(["Active", "Probe", "Inactive", "inconclusive"]).values.tolist()
    [inf, inf, -inf, nan]
    >>> labels_of(["yes", "no", "maybe"]).unread
    ((2, 'maybe'),)
    """
    words = [text.strip().lower() for text in texts]
    found = np.array([_value(word) for word in words], dtype=np.float64)
    said = np.isinf(found)
    unread = [
        (row, texts[row].strip())
        for row, word in enumerate(words)
        if not said[row] and word not in _UNSURE
    ]
    filled = sum(bool(word) for word in words)
    spelt = any(_WORD.search(word) for word, yes in zip(words, said, strict=True) if yes)
    is_likely = bool(said.any()) and (spelt or all(_WORD.search(word) for _, word in unread))
    most = len(unread) <= (1 - _LEAST) * filled and bool((found > 0).any())
    return Labels(found, tuple(unread), is_likely, is_likely and (most or not unread))


def _value(word: str) -> float:
    if word in _ACTIVE:
        return np.inf
    return -np.inf if word in _INACTIVE or re.match(NOT_ACTIVE, word) else np.nan


def named(unread: Sequence[tuple[int, str]]) -> list[str]:
    """Name words, the more frequent first, and how many rows hold each.

    Examples
    --------
    >>> named([(0, "maybe"), (3, "weakish"), (5, "maybe")])
    ["'maybe' (2)", "'weakish' (1)"]
    """
    counts = Counter(word for _, word in unread)
    return [f"{word[:30]!r} ({n:,})" for word, n in counts.most_common()]
