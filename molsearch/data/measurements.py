"""Measured activities in one form: -log10 of a molar concentration, exact or a bound."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: What every source is read into, as text: nothing is judged before `to_pchembl`.
RAW_COLUMNS = (
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
    "flag",
)
#: Equilibrium constants and half-maximal concentrations: the types that pChEMBL is made of.
TYPES = ("Ki", "Kd", "IC50", "EC50", "XC50", "AC50", "Potency")
_TYPES = {name.lower(): name for name in TYPES}
#: What a value of 1 is in -log10 molar.
UNITS = {"m": 0.0, "mm": 3.0, "um": 6.0, "nm": 9.0, "pm": 12.0, "fm": 15.0}
_LOG_UNITS = ("", "-log10(m)", "log", "p")
_LOWEST, _HIGHEST = 0.0, 16.0
# A concentration above the value is an activity below its logarithm.
_OF_CONCENTRATION = {"=": "=", "<": ">", "<=": ">", ">": "<", ">=": "<", ">>": "<", "<<": ">"}
_OF_LOGARITHM = {"=": "=", "<": "<", "<=": "<", ">": ">", ">=": ">"}


def raw_frame(columns: dict[str, object], n: int) -> pd.DataFrame:
    """Build a frame of `RAW_COLUMNS`, absent ones empty, everything text."""
    frame = pd.DataFrame({name: columns.get(name, "") for name in RAW_COLUMNS}, index=range(n))
    text = frame.drop(columns="row").fillna("").astype(str).apply(lambda c: c.str.strip())
    return text.assign(row=frame["row"])[list(RAW_COLUMNS)]


def to_pchembl(raw: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Convert raw measurements.

    Parameters
    ----------
    raw
        Frame of `RAW_COLUMNS`. A value may carry its relation in front (``>10000``). A value
        without type is a logarithm if it has no unit, and a concentration if it has one.

    Returns
    -------
    measurements, failures
        `raw` with ``pchembl`` a number and ``relation`` one of ``=``, ``<`` and ``>`` (of the
        logarithm: a concentration *above* 10 µM is an activity *below* 5); and the rows that
        are none, with ``reason``.
    """
    frame = raw.copy()
    front = frame["value"].str.extract(r"^\s*(<=|>=|<<|>>|<|>|=|~)?\s*(.*)$")
    written = frame["relation"].str.strip("' ").where(lambda r: r != "", front[0].fillna("="))
    units = frame["units"].str.lower().str.replace("µ", "u").str.replace("μ", "u")
    number = pd.to_numeric(front[1].str.replace(",", ""), errors="coerce")
    given = pd.to_numeric(frame["pchembl"], errors="coerce")
    is_log = units.isin(_LOG_UNITS)
    with np.errstate(divide="ignore", invalid="ignore"):
        made = units.map(UNITS) - np.log10(number.where(number > 0))
    exact = written.isin(["=", "~"])
    value = given.where(given.notna() & exact, made.where(~is_log, number))
    relation = written.replace("~", "=")
    concentration = ~(is_log | (given.notna() & exact))
    relation = relation.map(_OF_CONCENTRATION).where(concentration, relation.map(_OF_LOGARITHM))
    kinds = frame["activity_type"].str.lower().str.removeprefix("p")
    kind = frame["activity_type"].str.lower().map(_TYPES).fillna(kinds.map(_TYPES))
    reason = _reasons(frame, number, given, units, relation, value, kind)
    frame = frame.assign(pchembl=value, relation=relation, activity_type=kind.fillna(""))
    good = reason == ""
    failures = raw[~good].assign(reason=reason[~good])
    return frame[good].drop(columns=["value", "units", "flag"]), failures


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
    checks: list[tuple[pd.Series, pd.Series | str]] = [
        (frame["flag"] != "", "flagged by the source: " + frame["flag"]),
        (frame["smiles"] == "", "no structure"),
        ((frame["uniprot"] == "") & (frame["target_chembl_id"] == ""), "no target"),
        (~unnamed & kind.isna(), "type " + frame["activity_type"] + " is not " + ", ".join(TYPES)),
        (number.isna() & given.isna(), "value " + frame["value"] + " is not a number"),
        (given.isna() & ~units.isin([*UNITS, *_LOG_UNITS]), "unknown unit " + frame["units"]),
        (value.isna(), "value " + frame["value"] + " has no logarithm"),
        (relation.isna(), "unknown relation " + frame["relation"]),
        ((value < _LOWEST) | (value > _HIGHEST), "beyond any activity: check the unit"),
    ]
    reason: pd.Series = pd.Series("", index=frame.index, dtype=object)
    for wrong, text in checks:
        first = wrong & (reason == "")
        reason = pd.Series(np.where(first, text, reason), index=frame.index, dtype=object)
    return reason
