"""Columns that stand beside an activity: its bounds, its target, and whether it is in doubt.

A ``>`` in a column of its own says as much as one in front of the value: without it, what was
found inactive at the highest concentration counts as measured.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from molsearch.data.activity_names import folded
from molsearch.data.measurements import UNITS

Rows = Sequence[Mapping[str, str]]

_RELATIONS = frozenset({"relation", "relations", "relationship", "qualifier", "operator",
                        "modifier", "prefix", "sign"})  # fmt: skip
_OF_ANY = frozenset({"standard", "activity", "value"})  # words that name no activity in particular
_BOUNDS = frozenset({"<", ">", "<=", ">=", "<<", ">>", "≤", "≥", "≪", "≫"})
_SIGNS = _BOUNDS | {"=", "~", "≈"}
_TURNED = str.maketrans("<>≤≥≪≫", "><≥≤≫≪")
_UNSIGNED = re.compile(r"[+-]?[\d.,]")
# As every table of activities names them (`molsearch.data.activity_sources`), in letters alone.
_TARGETS = frozenset({"target", "targetname", "targetid", "targetchemblid", "uniprot", "uniprotid",
                      "uniprotaccession", "accession"})  # fmt: skip

_FLAGS = "datavaliditycomment"
_UNFLAGGED = frozenset({"", "none", "manually validated"})  # the last speaks for a value


def plain(name: str) -> str:
    """Fold a column's name to letters and digits."""
    return re.sub(r"[^a-z0-9]", "", folded(name))


def texts_of(rows: Rows, name: str) -> list[str]:
    """Cells of a column, one a row; empty where a row has none."""
    return [str(row.get(name) or "").strip() for row in rows]


def relation_of(rows: Rows, name: str, names: Sequence[str]) -> str | None:
    """Find the column of the signs (``<``, ``=``, …) of a column's values; None without one.

    The one that holds the activity's name (``IC50 relation``) is taken before the one that stands
    left of the values and holds nothing but signs, and this before one that is just called
    relation, qualifier or the like. Of the latter, the nearest. An operator may be a person: a
    column without a sign is none.

    Parameters
    ----------
    names
        All columns, in the table's order.
    """
    place = names.index(name)
    own = set(_words(name))
    best: tuple[int, int] | None = None
    found = None
    for i, one in enumerate(names):
        signs = set(_signs(rows, one)) - {""}
        if one == name or not signs & _SIGNS:
            continue
        of = set(_words(one)) - _RELATIONS
        is_named = bool(_RELATIONS & set(_words(one))) or _is_relation(one)
        if is_named and of and of <= own:
            rank = 0
        elif not is_named and i == place - 1 and signs <= _SIGNS:
            rank = 1
        elif is_named and (of <= _OF_ANY or _is_relation(one)):
            rank = 2
        else:
            continue
        if best is None or (rank, abs(i - place)) < best:
            best, found = (rank, abs(i - place)), one
    return found


def signed(rows: Rows, texts: Sequence[str], relation: str, *, turned: bool) -> list[str]:
    """Put the signs of a column in front of values that have none of their own.

    Parameters
    ----------
    turned
        Whether they are signs of a concentration, and the values its logarithm.
    """
    signs = _signs(rows, relation)
    if turned:
        signs = [sign.translate(_TURNED) for sign in signs]
    pairs = zip(signs, texts, strict=True)
    return [sign + text if _UNSIGNED.match(text) else text for sign, text in pairs]


def bounds_any(rows: Rows, relation: str) -> bool:
    """Whether a column of signs says more than ``=``."""
    return bool(_BOUNDS.intersection(_signs(rows, relation)))


def of_standard(relation: str) -> bool:
    """Whether a column of signs is ChEMBL's, which are of the concentration."""
    return plain(relation) == "standardrelation"


def targets_of(rows: Rows, valued: Sequence[bool]) -> tuple[str, Counter[str]] | None:
    """Find the column that names several targets among the rows that hold values; None without.

    Returns
    -------
    Its name, and for each target the number of its rows.
    """
    for name in dict.fromkeys(name for row in rows for name in row):
        if plain(name) not in _TARGETS:
            continue
        spelled: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for text, there in zip(texts_of(rows, name), valued, strict=True):
            if text and there:
                counts[spelled.setdefault(text.casefold(), text)] += 1
        if len(counts) > 1:
            return name, counts
    return None


def flagged(rows: Rows) -> tuple[str, list[int]] | None:
    """Find the column in which ChEMBL doubts values, and the rows it doubts; None without any."""
    for name in dict.fromkeys(name for row in rows for name in row):
        if plain(name) == _FLAGS:
            said = enumerate(texts_of(rows, name))
            doubted = [row for row, text in said if text.lower() not in _UNFLAGGED]
            if doubted:
                return name, doubted
    return None


def _is_relation(name: str) -> bool:
    return plain(name) in {before + one for one in _RELATIONS for before in ("", *_OF_ANY)}


def _signs(rows: Rows, name: str) -> list[str]:
    return [text.strip("'\" ") for text in texts_of(rows, name)]


def _words(name: str) -> list[str]:
    return [word for word in re.findall(r"[a-z0-9]+", folded(name)) if word not in UNITS]
