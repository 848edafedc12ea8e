"""Names of activity columns as laboratories write them: a target, a date or a unit around a kind.

``EGFR IC50 (nM)`` is an activity, but whether it is the one that was meant nobody can tell where
others stand beside it (``hERG IC50 (nM)``): such a column is read when it is asked for, and told
when it is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from molsearch.data.measurements import UNITS

KINDS = ("ic50", "ec50", "xc50", "ac50", "ki", "kd", "potency")
_LOGARITHMS = tuple(f"p{kind}" for kind in (*KINDS, "act", "activity", "chembl"))
# Beside a value: how sure it is, how it was come by, what it is measured in.
_NO_VALUE = {"sd", "std", "stdev", "stddev", "sem", "se", "error", "err", "ci", "cv", "n", "ratio",
             "relation", "qualifier", "operator", "unit", "units", "type", "fold", "date",
             "comment", "percent", "pct", "lower", "upper"}  # fmt: skip

_PERCENTS = frozenset({"%", "percent", "pct"})
_EFFECTS = frozenset({"activity", "activation", "control", "ctrl", "displacement", "effect",
                      "efficacy", "inh", "residual", "remaining", "response"})  # fmt: skip


@dataclass(frozen=True)
class ActivityName:
    """What the name of a column says of its values.

    Attributes
    ----------
    unit
        Of a concentration, one of `UNITS`; empty for a logarithm, None where no unit is named.
    """

    unit: str | None


def folded(text: str) -> str:
    """Text in small letters, with µ as u."""
    return text.lower().replace("µ", "u").replace("μ", "u")


def understood(name: str) -> ActivityName | None:
    """Read a name that holds a kind of activity among other words; None where it holds none.

    Examples
    --------
    >>> understood("EGFR IC50 (nM)")
    ActivityName(unit='nm')
    >>> understood("pIC50_mean_EGFR")
    ActivityName(unit='')
    >>> understood("IC50 SD (nM)") is None
    True
    """
    words = re.findall(r"[a-z0-9]+", folded(name))
    if _NO_VALUE.intersection(words):
        return None
    if any(word in _LOGARITHMS for word in words):
        return ActivityName("")
    if not any(word in KINDS for word in words):
        return None
    units = [word for word in words if word in UNITS]
    return ActivityName(units[-1] if units else None)


def is_percentage(name: str) -> bool:
    """Whether a name is that of an inhibition or another effect in per cent.

    Examples
    --------
    >>> is_percentage("% inhibition at 10 uM"), is_percentage("Inhibition SD")
    (True, False)
    """
    words = re.findall(r"[a-z0-9]+|%", folded(name))
    others = {*_NO_VALUE, *KINDS, *_LOGARITHMS, "constant"} - _PERCENTS
    if others.intersection(words):
        return False
    percents = _PERCENTS.intersection(words)
    return "inhibition" in words or bool(percents and _EFFECTS.intersection(words))
