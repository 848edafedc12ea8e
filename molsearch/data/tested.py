"""A table of tested molecules: which of its columns is the activity, and what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch.chem.readers.labels import Labels, labels_of, named
from molsearch.data.activity_names import folded as _folded
from molsearch.data.activity_names import is_percentage, understood
from molsearch.data.activity_states import Tested
from molsearch.data.beside import (
    Rows,
    bounds_any,
    flagged,
    of_standard,
    plain,
    relation_of,
    signed,
    texts_of,
)
from molsearch.data.measurements import (
    NO_VALUE,
    UNITS,
    commas_of_values,
    raw_frame,
    to_pchembl,
)
from molsearch.data.numbers import numbers_of, refuse_contradiction
from molsearch.errors import InputError
from molsearch.words import some_of

NO_COLUMN = "none"  # in place of a name: do not look for one
_SHOWN = 5  # words in one line
_KIND = r"(?P<kind>ic50|ec50|xc50|ac50|ki|kd|potency|act|activity|chembl)"
_LOGARITHM = re.compile(rf"p{_KIND}(?:value|median|mean)?")
_CONCENTRATION = re.compile(
    rf"(?P<kind>ic50|ec50|xc50|ac50|ki|kd|potency|standardvalue)(?P<unit>{'|'.join(UNITS)})?"
)
# A value with its unit in one cell.
_CELL = re.compile(rf"(?P<value>[<>=~≤≥≈]*\s*[\d.,]+(?:e[+-]?\d+)?)\s*(?P<unit>{'|'.join(UNITS)})")
_LABELS = ("active", "isactive", "activity", "activityclass", "class", "label", "outcome",
           "activityoutcome", "pubchemactivityoutcome")  # fmt: skip
_UNIT_WORDS = frozenset(UNITS)
_UNIT_COLUMNS = ("units", "unit", "standardunits", "activityunits", "concentrationunits")


def read_tested(rows: Rows, column: str | None = None) -> Tested | None:
    """Read the activity of a table's rows; None where it has no such column.

    Recognised are logarithms (pIC50, pKi, pChEMBL value, …), concentrations with their unit in
    the name (``IC50 (nM)``, ``ki_um``) or in a column of units beside them, known by its name or
    its cells, and labels (active, inactive, 1, 0); in this order, the first of the table's columns
    of a kind.

    Parameters
    ----------
    rows
        The user's own columns of each row, as text.
    column
        The one to read, whatever it is called; ``none`` for none.

    Raises
    ------
    InputError
        A column that is named is absent or cannot be read; units are mixed; a logarithm is none.
    """
    if column == NO_COLUMN:
        return None
    names = list(dict.fromkeys(name for row in rows for name in row))
    if column is not None and column not in names:
        shown = ", ".join(names[:8]) or "none"
        raise InputError(f"no column {column!r} for the activity: the file has {shown}")
    asked = names if column is None else [column]
    for read in (_logarithms, _concentrations, _labels):
        for name in asked:
            if (found := read(rows, name, names)) is not None:
                return _without_flagged(rows, found)
    if column is not None:
        found = _labelled(rows, column) or _of_words(rows, column, names)
        if found is not None:
            return _without_flagged(rows, found)
        labels = labels_of(texts_of(rows, column))
        if labels.is_likely:
            raise InputError(
                f"column {column!r} is no activity: neither active nor inactive is meant by "
                f"{some_of(named(labels.unread), _SHOWN)}"
            )
        raise InputError(
            f"column {column!r} is no activity: give -log10 of molar values (pIC50), values with "
            "their unit in the name (IC50 (nM)), or active and inactive"
        )
    return None


def _without_flagged(rows: Rows, table: Tested) -> Tested:
    """Take what its source doubts for no value, as a conversion of the same table does."""
    doubt = flagged(rows)
    if doubt is None:
        return table
    values = table.values.copy()
    values[doubt[1]] = np.nan
    unread = tuple(one for one in table.unread if one[0] not in set(doubt[1]))
    n = int(np.isnan(values).sum() - np.isnan(table.values).sum())
    return replace(table, values=values, unread=unread, flags=(doubt[0], n))


def also_measured(rows: Rows, taken: str) -> dict[str, NDArray[np.bool_]]:
    """Find further activity columns beside the one that was taken.

    Returns
    -------
    For each of their names, in the table's order, the rows that hold a value there, ``[n]``.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    found = {}
    for name in names:
        if name == taken or plain(name) == "standardvalue" or not _is_activity(name):
            continue
        there = np.isfinite(_numbers(texts_of(rows, name)))
        if there.any():
            found[name] = there
    return found


def unclaimed(rows: Rows) -> list[str]:
    """Name columns of activities that are read only when they are asked for: `understood`."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    asked = [name for name in names if (known := understood(name)) and known.unit is not None]
    return [name for name in asked if np.isfinite(_numbers(texts_of(rows, name))).any()]


def percentages(rows: Rows) -> list[str]:
    """Name columns of effects in per cent: where an active begins there nobody can tell."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    asked = [name for name in names if is_percentage(name)]
    return [name for name in asked if np.isfinite(_percent(texts_of(rows, name))).any()]


def _percent(texts: Sequence[str]) -> NDArray[np.float64]:
    return _numbers([text.removesuffix("%").strip() for text in texts])


def _is_activity(name: str) -> bool:
    folded = plain(name)
    return bool(
        _LOGARITHM.fullmatch(folded) or _CONCENTRATION.fullmatch(folded) or understood(name)
    )


def without_unit(rows: Rows) -> tuple[str, str | None] | None:
    """Name a column that looks like a concentration whose unit nobody tells; None without one.

    With it, a column that seems to hold units, if there is such.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    if any(plain(name) in _UNIT_COLUMNS for name in names):
        return None
    for name in names:
        found = _CONCENTRATION.fullmatch(plain(name))
        if found and not found["unit"] and np.isfinite(_numbers(texts_of(rows, name))).any():
            hold = (one for one in names if _words(rows, one) & (_UNIT_WORDS - {"m"}))
            return name, next(hold, None)
    return None


def _numbers(texts: Sequence[str]) -> NDArray[np.float64]:
    bare = pd.Series(texts, dtype=object).str.replace(r"^[<>=~≤≥≈]+\s*", "", regex=True)
    return numbers_of(bare).to_numpy(np.float64)


def _logarithms(rows: Rows, name: str, names: Sequence[str]) -> Tested | None:
    return _logarithmic(rows, name, names) if _LOGARITHM.fullmatch(plain(name)) else None


def _of_words(rows: Rows, name: str, names: Sequence[str]) -> Tested | None:
    """Read a column that was named by hand: in the unit that its name holds, else a logarithm.

    A concentration whose unit nobody tells is neither: 0.5 µM is not pIC50 0.5. Nor is 4.1 %.
    """
    known = understood(name)
    if is_percentage(name):
        return None
    if known is not None and known.unit is None:
        return None
    if known is not None and known.unit:
        return _signed(rows, name, names, *_in_own_units(texts_of(rows, name), known.unit))
    return _logarithmic(rows, name, names)


def _logarithmic(rows: Rows, name: str, names: Sequence[str]) -> Tested | None:
    texts = texts_of(rows, name)
    numbers = _numbers(texts)
    if not np.isfinite(numbers).any():
        return None
    wild = numbers[np.isfinite(numbers) & ((numbers < 0) | (numbers > 16))]
    if wild.size:
        raise InputError(
            f"column {name!r} holds {wild[0]:g}, which is no -log10 of a molar concentration; "
            "name a column of concentrations with its unit, such as 'IC50 (nM)'"
        )
    found = _signed(rows, name, names, texts, "")
    # ChEMBL leaves its logarithm empty where a concentration is only bounded: read that instead.
    beside = {plain(one): one for one in names}
    if "standardvalue" in beside and np.isnan(found.values).any():
        other = _chembl(rows, beside, names)
        gaps = np.isnan(found.values)
        values = np.where(gaps, other.values, found.values)
        bounds = np.where(gaps, other.bounds, found.bounds).astype(np.int8)
        relation = found.relation or other.relation
        turned = found.is_turned if found.relation else bool(relation)
        return replace(found, values=values, bounds=bounds, relation=relation, is_turned=turned)
    return found


def _signed(
    rows: Rows, name: str, names: Sequence[str], texts: Sequence[str], units: str | Sequence[str]
) -> Tested:
    """Read values in one unit, bounded by the column of signs beside them, if there is one."""
    relation = relation_of(rows, name, names)
    if relation is None or not bounds_any(rows, relation):
        return _measured(name, texts, units)
    turned = units == "" and _is_of_concentration(rows, relation, name, names)
    found = _measured(name, signed(rows, texts, relation, turned=turned), units)
    return replace(found, relation=relation, is_turned=turned)


def _is_of_concentration(rows: Rows, relation: str, name: str, names: Sequence[str]) -> bool:
    """Whether signs are of a concentration that stands beside its logarithm, the column `name`.

    They are the logarithm's own where they stand in front of it, or no concentration is there.
    """
    if of_standard(relation):
        return plain(name) != "standardvalue"
    if names.index(relation) == names.index(name) - 1:
        return False
    return any(
        one != name and _is_concentration(one) and np.isfinite(_numbers(texts_of(rows, one))).any()
        for one in names
    )


def _is_concentration(name: str) -> bool:
    known = understood(name)
    return bool(_CONCENTRATION.fullmatch(plain(name))) or (known is not None and known.unit != "")


def _chembl(rows: Rows, beside: Mapping[str, str], names: Sequence[str]) -> Tested:
    def texts(name: str) -> list[str]:
        return texts_of(rows, beside[name]) if name in beside else [""] * len(rows)

    values = texts("standardvalue")
    relation = relation_of(rows, beside["standardvalue"], names) or ""
    if relation:
        values = signed(rows, values, relation, turned=False)
    units = [_folded(unit) for unit in texts("standardunits")]
    # A percentage or a ratio beside the concentrations says nothing here, but for a comment.
    known = [v if u in UNITS else "" for v, u in zip(values, units, strict=True)]
    said = [one or two for one, two in zip(texts("comment"), texts("activitycomment"), strict=True)]
    found = _measured(beside["standardvalue"], known, units, said)
    return replace(found, relation=relation if relation and bounds_any(rows, relation) else "")


def _concentrations(rows: Rows, name: str, names: Sequence[str]) -> Tested | None:
    matched = _CONCENTRATION.fullmatch(plain(name))
    if matched is None:
        return None
    texts = texts_of(rows, name)
    filled = [bool(text) for text in texts]
    if matched["unit"]:
        told = _in_own_units(texts, matched["unit"])
        return _signed(rows, name, names, *told) if any(filled) else None
    if not any(filled):
        return None
    beside = _units_of(rows, name, names)
    if beside is not None:
        where = f", by column {beside!r}"
        units = [_folded(unit) for unit in texts_of(rows, beside)]
    else:
        stated, where = texts, ""
        cells = [_CELL.fullmatch(_folded(text)) for text in texts]
        if not any(cells):
            return None
        texts = [cell["value"] if cell else "" for cell in cells]
        units = [cell["unit"] if cell else "" for cell in cells]
        filled = [bool(unit) for unit in units]
        pairs = zip(stated, units, strict=True)
        bare = [text for text, unit in pairs if not unit and re.search(r"\d", text)]
        if not bare:  # each value states its own
            return _signed(rows, name, names, texts, units)
        where = f"; {some_of([repr(text) for text in bare], _SHOWN)} in none of them"
    used = dict.fromkeys(unit for unit, there in zip(units, filled, strict=True) if there)
    if len(used) > 1:
        counts = ", ".join(f"{unit or 'none'} in {units.count(unit)}" for unit in used)
        raise InputError(
            f"column {name!r} mixes units ({counts}{where}); convert them to one, or give a "
            "column pIC50"
        )
    (unit,) = used
    if unit not in UNITS:
        raise InputError(
            f"column {name!r} is in {unit!r}, which is no molar concentration: give one of "
            f"{', '.join(UNITS)}, a column pIC50, or --activity-column none"
        )
    return _signed(rows, name, names, texts, unit)


def _in_own_units(texts: Sequence[str], unit: str) -> tuple[Sequence[str], str | list[str]]:
    """Take units out of cells, where any states one: there it holds, and the column's elsewhere."""
    cells = [_CELL.fullmatch(_folded(text)) for text in texts]
    if not any(cells):
        return texts, unit
    values = [cell["value"] if cell else text for cell, text in zip(cells, texts, strict=True)]
    return values, [cell["unit"] if cell else unit for cell in cells]


def _units_of(rows: Rows, name: str, names: Sequence[str]) -> str | None:
    """Find the column of a column's units: by its name, else by its cells, right of it first."""
    for one in names:
        if plain(one) in (*_UNIT_COLUMNS, *_of(name)):
            return one
    place = names.index(name)
    of_others = {unit for other in names for unit in _of(other)}
    for one in (*names[place + 1 :], *names[:place]):
        words = set() if plain(one) in of_others else _words(rows, one)
        if words and words <= _UNIT_WORDS and words != {"m"}:  # M alone may be anything
            return one
    return None


def _words(rows: Rows, name: str) -> set[str]:
    return {_folded(text) for text in texts_of(rows, name)} - {""}


def _of(name: str) -> tuple[str, str]:
    return f"{plain(name)}unit", f"{plain(name)}units"


def _measured(
    name: str, texts: Sequence[str], units: str | Sequence[str], comments: Sequence[str] = ()
) -> Tested:
    """Read values by the rules of every activity table of ours.

    What was found inactive without a value is below any.
    """
    raw = raw_frame(
        {"row": range(len(texts)), "smiles": "C", "uniprot": "series", "value": list(texts),
         "units": units if isinstance(units, str) else list(units),
         "comment": list(comments) or ""},
        len(texts),
    )  # fmt: skip
    commas = commas_of_values(raw)
    refuse_contradiction(name, commas)
    good, _ = to_pchembl(raw)
    values = np.full(len(texts), np.nan)
    bounds = np.zeros(len(texts), dtype=np.int8)
    rows = good["row"].to_numpy(np.int64)
    values[rows] = good["pchembl"].fillna(0.0).to_numpy(np.float64)
    signs = good["relation"].map({"=": 0, ">": 1, "<": -1, NO_VALUE: -1})
    bounds[rows] = signs.to_numpy(np.int8)
    undecided = commas.either if commas.undecided else ""
    return Tested(name, values, bounds, undecided=undecided)


def _labels(rows: Rows, name: str, _: Sequence[str]) -> Tested | None:
    return _labelled(rows, name) if plain(name) in _LABELS else None


def _labelled(rows: Rows, name: str) -> Tested | None:
    labels = labels_of(texts_of(rows, name))
    if not labels.is_clear:
        return None
    bounds = np.zeros(len(labels.values), dtype=np.int8)
    return Tested(name, labels.values, bounds, labels.unread)


def half_labelled(rows: Rows) -> tuple[str, Labels] | None:
    """Find a column of labels of which too few are words that are known; None without one."""
    for name in dict.fromkeys(name for row in rows for name in row):
        if plain(name) in _LABELS:
            labels = labels_of(texts_of(rows, name))
            if labels.is_likely and not labels.is_clear:
                return name, labels
    return None
