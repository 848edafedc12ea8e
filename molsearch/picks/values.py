"""Numbers and truth values of a hit list's texts, of which none loses what it says."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from molsearch import schema

#: Whole numbers above are no longer told apart by floats, as which workbooks keep all numbers.
MOST_EXACT = 2**53
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|[+-]?\.\d+")
_WHOLE = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?\d+\.\d+", re.ASCII)
_FLAGS = {"true": True, "false": False}
_PYTHONS = {str(flag): flag for flag in (True, False)}
# A hit list of `molsearch screen` has these, and a user's column never takes the name of one of
# its own.
_MARKS = {schema.RANK, schema.SCORE, schema.QUERY_ID}
#: What ranks a screen: the higher, the better.
RANKING = frozenset({schema.SCORE, schema.PENALISED_SCORE})
_OURS = frozenset(
    {
        schema.RANK,
        schema.SCORE,
        schema.MOLSEARCH_SCORE,
        schema.ECFP4_SCORE,
        schema.RARITY_SCORE,
        schema.PERCENTILE,
        schema.ECFP4_SIMILARITY,
        schema.PROBABILITY,
        schema.INACTIVE_SCORE,
        schema.SERIES_SCORE,
        schema.SIMILARITY_SCORE,
        schema.PENALISED_SCORE,
        schema.UNSPECIFIED_STEREO,
        *schema.PROPERTIES,
    }
)


def ours(names: Collection[str]) -> frozenset[str]:
    """Columns of numbers that are molsearch's own; none in a list that is not of a screen."""
    return _OURS & {*names} if {*names} >= _MARKS else frozenset()


def lossless(texts: Sequence[str | None]) -> Any:
    """Make numbers or truth values of texts that all can be made of these again.

    Of ``1.10`` and ``1.1``, ``12E4``, ``007`` or ``TRUE`` it cannot be told whether they are
    numbers or lots and codes: a column with one such stays text, and so does one whose whole
    numbers a float cannot hold.

    Parameters
    ----------
    texts
        None and the empty one are missing.

    Examples
    --------
    >>> [lossless(texts).tolist() for texts in (["1", "", "3"], ["0.5", "2"], ["1.10"])]
    [[1, <NA>, 3], [0.5, 2.0], ['1.10']]
    """
    given = {text for text in texts if text}
    if given and all(map(_is_whole, given)):
        return pd.array([int(text) if text else None for text in texts], dtype="Int64")
    if given and all(_is_whole(text) or _is_decimal(text) for text in given):
        numbers = [float(text) if text else np.nan for text in texts]
        # 1 and 1.0 each come back, but are one number.
        if len({float(text) for text in given}) == len(given):
            return np.array(numbers)
    if given and given <= _PYTHONS.keys():
        return pd.array([_PYTHONS.get(text or "") for text in texts], dtype="boolean")
    return pd.array(list(texts), dtype="str")


def _is_whole(text: str) -> bool:
    match = _WHOLE.fullmatch(text)
    return match is not None and str(int(text)) == text and abs(int(text)) <= MOST_EXACT


def _is_decimal(text: str) -> bool:
    return _DECIMAL.fullmatch(text) is not None and repr(float(text)) == text


def numbers_or_text(texts: Sequence[str | None]) -> Any:
    """Make numbers of a column that is known to hold some; text where one of them is none.

    A code such as ``007`` or ``1E5A`` stays text; so does a column in which one value is.

    Examples
    --------
    >>> numbers_or_text(["1", "", "3"]).tolist(), numbers_or_text(["-9.10", "nan"]).tolist()
    ([1, <NA>, 3], [-9.1, nan])
    """
    plain = [(text or "").strip() for text in texts]
    given = [text for text in plain if text]
    real = [text for text in given if text.lower() != "nan"]
    if real and all(_WHOLE.fullmatch(text) for text in real) and len(real) == len(given):
        return pd.array([int(text) if text else None for text in plain], dtype="Int64")
    if real and all(map(is_number, real)):
        return np.array([float(text) if text else np.nan for text in plain])
    return pd.array(list(texts), dtype="str")


def is_number(text: str) -> bool:
    """Whether a text is a number as programs write it."""
    return _NUMBER.fullmatch(text) is not None


def in_full(column: pd.Series[Any]) -> pd.Series[Any]:
    """Write floating numbers with every digit that they have; missing ones stay missing."""
    missing = column.isna()
    texts = [None if gone else str(one) for one, gone in zip(column.array, missing, strict=True)]
    return pd.Series(pd.array(texts, dtype="str"), index=column.index)
