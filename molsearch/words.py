"""Counts and times in words, as every message says them."""

from __future__ import annotations

from collections.abc import Sequence

_ES = ("s", "x", "z", "ch", "sh")


def noun(n: int, one: str, several: str = "") -> str:
    """Return the noun for `n` things.

    Parameters
    ----------
    one
        Such as ``"molecule"``; its last word is what is counted.
    several
        Its plural, where that is not made by rule.

    Examples
    --------
    >>> noun(1, "query"), noun(0, "query"), noun(2, "held-out active")
    ('query', 'queries', 'held-out actives')
    """
    if n == 1:
        return one
    if several:
        return several
    if one.endswith("y") and one[-2:-1] not in "aeiou":
        return f"{one[:-1]}ies"
    return f"{one}es" if one.endswith(_ES) else f"{one}s"


def counted(n: int, one: str, several: str = "") -> str:
    """Say how many; see `noun`.

    Examples
    --------
    >>> counted(1, "molecule"), counted(2000, "molecule")
    ('1 molecule', '2,000 molecules')
    """
    return f"{n:,} {noun(n, one, several)}"


def some_of(texts: Sequence[str], most: int, before: str = "") -> str:
    """Name the first `most`, and say how many more there are, with `before` before that.

    Examples
    --------
    >>> some_of(["row 2", "row 5", "row 9"], 2)
    'row 2; row 5; 1 more'
    """
    more = f"; {before}{len(texts) - most:,} more" if len(texts) > most else ""
    return f"{'; '.join(texts[:most])}{more}"


def clock(seconds: float) -> str:
    """Say a time as a clock does.

    Examples
    --------
    >>> clock(75), clock(3675.4)
    ('1:15', '1:01:15')
    """
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
