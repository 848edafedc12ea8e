"""Measured activities in one form: -log10 of a molar concentration, exact or a bound."""

from __future__ import annotations

import numpy as np
import pandas as pd

from molsearch.chem.readers.labels import NOT_ACTIVE
from molsearch.data.numbers import Commas, commas_of, numbers_of

#: What every source is read into, as text: nothing is judged before `to_pchembl`.
RAW_COLUMNS = (
    "record_number",
    "row",
    "smiles",
    "uniprot",
    "target_chembl_id",
    "target_name",
    "organism",
    "activity_type",
    "relation",
    "value",
    "units",
    "pchembl",
    "confidence",
    "chembl_id",
    "assay",
    "comment",
    "flag",
)
#: What is no text: which record of its file it is, and where that stands there.
PLACES = ("record_number", "row")
#: Relation of a measurement that found no activity and gives no value.
NO_VALUE = "inactive"
#: Equilibrium constants and half-maximal concentrations: the types that pChEMBL is made of.
TYPES = ("Ki", "Kd", "IC50", "EC50", "XC50", "AC50", "Potency")
#: What stands between the types of a pair that was measured in several ways.
JOIN = "; "
_TYPES = {name.lower(): name for name in TYPES}
#: What a value of 1 is in -log10 molar.
UNITS = {"m": 0.0, "mm": 3.0, "um": 6.0, "nm": 9.0, "pm": 12.0, "fm": 15.0}
_LOG_UNITS = ("", "-log10(m)", "log", "p")
_LOWEST, _HIGHEST = 0.0, 16.0
_SIGNS = {"≤": "<=", "≥": ">=", "≈": "~", "≪": "<<", "≫": ">>"}
_FRONT = r"^\s*(<=|>=|<<|>>|<|>|=|~)?\s*(.*?)\s*$"
# A concentration above the value is an activity below its logarithm.
_OF_CONCENTRATION = {"=": "=", "<": ">", "<=": ">", ">": "<", ">=": "<", ">>": "<", "<<": ">"}
_OF_LOGARITHM = {"=": "=", "<": "<", "<=": "<", ">": ">", ">=": ">"}


def raw_frame(columns: dict[str, object], n: int) -> pd.DataFrame:
    """Build a frame of `RAW_COLUMNS`, absent ones empty, everything text."""
    frame = pd.DataFrame({name: columns.get(name, "") for name in RAW_COLUMNS}, index=range(n))
    places = list(PLACES)
    text = frame.drop(columns=places).fillna("").astype(str).apply(lambda c: c.str.strip())
    return text.assign(**{name: frame[name] for name in places})[list(RAW_COLUMNS)]


def to_pchembl(raw: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Convert raw measurements.

    Parameters
    ----------
    raw
        Frame of `RAW_COLUMNS`. A value may carry its relation in front (``>10000``). A value
        without type is a logarithm if it has no unit, and a concentration if it has one. A bound
        with a ``pchembl`` and no value is one of the logarithm. Where there is no value of these
        types, a comment (or the value itself) may say *Not Active* or *Inactive*, or the relation
        be `NO_VALUE`.

    Returns
    -------
    measurements, failures
        `raw` with ``pchembl`` a number and ``relation`` one of ``=``, ``<`` and ``>`` (of the
        logarithm: a concentration *above* 10 µM is an activity *below* 5), or `NO_VALUE` of
        what was found inactive without a value, where ``pchembl`` is NaN; and the rows that are
        none of these, with ``reason``.
    """
    frame = raw.copy()
    front = _in_front(frame["value"])
    signs = frame["relation"].str.strip("' \"").replace(_SIGNS)
    written = signs.where(signs != "", front[0].fillna("="))
    units = (
        frame["units"].str.lower().replace({"µ": "u", "μ": "u", r"mol\s*/\s*l$": "m"}, regex=True)
    )
    number = numbers_of(front[1])
    given = pd.to_numeric(frame["pchembl"], errors="coerce")
    is_log = units.isin(_LOG_UNITS)
    with np.errstate(divide="ignore", invalid="ignore"):
        made = units.map(UNITS) - np.log10(number.where(number > 0))
    exact = written.isin(["=", "~"])
    value = given.where(given.notna() & exact, made.where(~is_log, number))
    relation = written.replace("~", "=")
    concentration = ~(is_log | (given.notna() & exact))
    # A bound that stands beside a logarithm alone is the logarithm's: our own tables are so.
    alone = given.notna() & (frame["value"] == "")
    value, concentration = value.where(~alone, given), concentration & ~alone
    relation = relation.map(_OF_CONCENTRATION).where(concentration, relation.map(_OF_LOGARITHM))
    kind = _kinds(frame["activity_type"])
    reason = _reasons(frame, number, given, units, relation, value, kind)
    unvalued = _found_inactive(frame) & ((number.isna() & given.isna()) | kind.isna())
    of_row = _reasons_of_row(frame)
    reason = reason.where(~unvalued, of_row)
    value, relation = value.mask(unvalued), relation.mask(unvalued, NO_VALUE)
    frame = frame.assign(pchembl=value, relation=relation, activity_type=kind.fillna(""))
    good = reason == ""
    failures = raw[~good].assign(reason=reason[~good])
    return frame[good].drop(columns=["value", "units", "flag", "comment"]), failures


def commas_of_values(raw: pd.DataFrame) -> Commas:
    """Find what the commas of raw measurements mean."""
    return commas_of(_in_front(raw["value"])[1])


def _in_front(values: pd.Series) -> pd.DataFrame:
    """Split values into their relation, column 0, and the rest, column 1."""
    return values.replace(_SIGNS, regex=True).str.extract(_FRONT)


def _kinds(types: pd.Series) -> pd.Series:
    """Spell types as `TYPES` does, of a joined pair each of several; NaN where one is unknown."""
    known = {text: _kind(text) for text in types.unique()}
    return types.map(known)


def _kind(text: str) -> str | float:
    words = [word.strip().lower() for word in text.split(JOIN.strip())]
    found = [_TYPES.get(word) or _TYPES.get(word.removeprefix("p")) for word in words]
    return JOIN.join(kind for kind in found if kind) if all(found) else np.nan


def _found_inactive(frame: pd.DataFrame) -> pd.Series:
    """Whether a comment, or what stands in the place of a value, says so."""
    said = [frame[name].str.strip().str.lower() for name in ("comment", "value", "relation")]
    found: pd.Series = said[0].str.fullmatch(NOT_ACTIVE)
    silent = said[0] == ""
    return found | (silent & (said[1].str.fullmatch(NOT_ACTIVE) | (said[2] == NO_VALUE)))


def _reasons(
    frame: pd.DataFrame,
    number: pd.Series,
    given: pd.Series,
    units: pd.Series,
    relation: pd.Series,
    value: pd.Series,
    kind: pd.Series,
) -> pd.Series:
    """Say why each row is no measurement; empty where it is one. The first reason wins."""
    unnamed = frame["activity_type"] == ""
    nothing = (frame["value"] == "") & (frame["pchembl"] == "")
    comment = (", comment " + frame["comment"]).where(frame["comment"] != "", "")
    return _first(
        frame,
        (_reasons_of_row(frame) != "", _reasons_of_row(frame)),
        (~unnamed & kind.isna(), "type " + frame["activity_type"] + " is not " + ", ".join(TYPES)),
        (number.isna() & given.isna() & nothing, "no value" + comment),
        (number.isna() & given.isna(), "value " + frame["value"] + " is not a number"),
        (given.isna() & ~units.isin([*UNITS, *_LOG_UNITS]), "unknown unit " + frame["units"]),
        (value.isna(), "value " + frame["value"] + " has no logarithm"),
        (relation.isna(), "unknown relation " + frame["relation"]),
        ((value < _LOWEST) | (value > _HIGHEST), "beyond any activity: check the unit"),
    )


def _reasons_of_row(frame: pd.DataFrame) -> pd.Series:
    """Say why each row is none whatever its value is."""
    return _first(
        frame,
        (frame["flag"] != "", "flagged by the source: " + frame["flag"]),
        (frame["smiles"] == "", "no structure"),
        ((frame["uniprot"] == "") & (frame["target_chembl_id"] == ""), "no target"),
    )


def _first(frame: pd.DataFrame, *checks: tuple[pd.Series, pd.Series | str]) -> pd.Series:
    reason: pd.Series = pd.Series("", index=frame.index, dtype=object)
    for wrong, text in checks:
        first = wrong & (reason == "")
        reason = pd.Series(np.where(first, text, reason), index=frame.index, dtype=object)
    return reason
