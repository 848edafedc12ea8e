"""The values of a PubChem assay: which column has them, and when they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from molsearch.data.measurements import TYPES

#: What PubChem makes of a depositor's values, in µM whatever they were in.
STANDARD_VALUE = "pubchem standard value"
#: What the row of units is called, in the first column.
UNIT_ROW = "RESULT_UNIT"
#: Columns whose cells are concentrations at which something happens, in lower case.
VALUES = (STANDARD_VALUE, *(name.lower() for name in TYPES))
_UNITS = {
    "MOLAR": "M",
    "MILLIMOLAR": "mM",
    "MICROMOLAR": "uM",
    "NANOMOLAR": "nM",
    "PICOMOLAR": "pM",
    "FEMTOMOLAR": "fM",
}
_PREFIX = "pubchem_"
_OUTCOMES = ("pubchem_activity_outcome", "activity_outcome")


@dataclass(frozen=True, slots=True)
class Measured:
    """The column of an assay that holds its values.

    Attributes
    ----------
    column
        Its name in lower case.
    units
        Of all its values, as `molsearch.data.measurements.UNITS` has them.
    activity_type
        What they are; empty where a column ``standard type`` says it row by row.
    """

    column: str
    units: str
    activity_type: str


def measured_column(names: Sequence[str], units: Sequence[str]) -> Measured | None:
    """Find the column of values of an assay's table.

    Parameters
    ----------
    names
        Its columns in lower case.
    units
        The row `UNIT_ROW`, cell by cell; empty where there is none.

    Returns
    -------
    PubChem's standard values, or else the first of a known type in a known unit; None where the
    table is no assay of PubChem's, or has neither.

    Examples
    --------
    >>> measured_column(["pubchem_cid", "potency"], ["", "MICROMOLAR"])
    Measured(column='potency', units='uM', activity_type='Potency')
    """
    if not any(name.startswith(_PREFIX) for name in names):
        return None
    if STANDARD_VALUE in names:
        return Measured(STANDARD_VALUE, "uM", "")
    types = {name.lower(): name for name in TYPES}
    for name, unit in zip(names, units, strict=False):
        if name in types and unit.strip().upper() in _UNITS:
            return Measured(name, _UNITS[unit.strip().upper()], types[name])
    return None


def measured_values(piece: pd.DataFrame, found: Measured) -> dict[str, object]:
    """Take the values of rows, as columns of `molsearch.data.measurements.RAW_COLUMNS`.

    The outcome counts before the number: a curve that was found inactive or inconclusive has one
    too. *Inactive* is an inactive without a value; inconclusive values are flagged.
    """
    value = piece[found.column].str.strip()
    outcome = next((piece[name] for name in _OUTCOMES if name in piece), None)
    said = pd.Series("", index=piece.index) if outcome is None else outcome.str.strip().str.lower()
    inconclusive = (said == "inconclusive") & (value != "")
    columns: dict[str, object] = {
        "value": value.mask(said == "inactive", ""),
        "units": found.units,
        "flag": pd.Series("", index=piece.index).mask(inconclusive, "outcome Inconclusive"),
    }
    if found.activity_type:
        columns["activity_type"] = found.activity_type
    elif "standard type" in piece:
        columns["activity_type"] = piece["standard type"]
    if "standard relation" in piece:
        columns["relation"] = piece["standard relation"]
    return columns
