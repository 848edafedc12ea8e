"""Many measurements of one molecule on one target: one row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from molsearch.data.measurements import JOIN, NO_VALUE

ACTIVE, WEAK = 6.0, 5.0
APART_BY = 1.0  # log units from which on measurements of a pair disagree
FAR = "more than 1 log from the median of this molecule and target"
APART = "measurements of this molecule and target disagree by more than 1 log"
_ROUNDING, _TWO = 1e-9, 2
KEEP = ("smiles", "target_chembl_id", "target_name", "organism", "chembl_id")


def aggregate(measurements: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join measurements by skeleton (InChIKey block 1) and target.

    Exact values that disagree by more than `APART_BY` are not averaged: those farther than that
    from their median are left out, and the whole pair where no more than half of its values would
    be left, as of two that disagree. An assay that measured a pair often has one say in the
    median. The value is the median of what is left. Bounds count where there is no exact value:
    the tightest of one side. Bounds on both sides and no value are a failure. What was found
    inactive without a value counts where nothing else is known.

    Parameters
    ----------
    measurements
        As `molsearch.data.measurements.to_pchembl` returns them, with ``inchikey`` and
        ``smiles`` of the parent.

    Returns
    -------
    activities, failures
        One row a pair, with ``n_values``, ``spread`` (largest less smallest exact value) and
        ``tier``: ``active`` (>= 6, or bounded from below by 6), ``weak_5_6``, ``inactive``
        (< 5, bounded from above by 6 or less, or found inactive without a value),
        ``uncertain``; and measurements that are left out, with ``reason``.
    """
    frame = measurements.assign(skeleton=measurements["inchikey"].str[:14])
    pair = ["skeleton", "uniprot"]
    frame, disagreeing = _agreeing(frame, pair)
    # The exact and strongest measurement speaks for the pair's names and structure.
    frame = frame.sort_values(
        ["relation", "pchembl"], key=lambda c: (c != "=") if c.name == "relation" else -c
    )
    groups = frame.groupby(pair, sort=False)
    table = groups.agg(
        inchikey=("inchikey", "first"),
        **{name: (name, "first") for name in KEEP},
        activity_type=("activity_type", _joined),
        confidence=("confidence", "max"),
        n_values=("smiles", "size"),
    )
    by_relation = {
        relation: part.groupby(pair)["pchembl"] for relation, part in frame.groupby("relation")
    }
    empty = pd.Series(dtype=float)
    exact = by_relation["="].median() if "=" in by_relation else empty
    below = by_relation["<"].min() if "<" in by_relation else empty
    above = by_relation[">"].max() if ">" in by_relation else empty
    exact, below, above = (s.reindex(table.index) for s in (exact, below, above))
    table["pchembl"] = exact.fillna(below).fillna(above).round(3)
    table["relation"] = np.select(
        [exact.notna(), below.notna(), above.notna()], ["=", "<", ">"], NO_VALUE
    )
    spread = by_relation["="].agg(np.ptp) if "=" in by_relation else empty
    table["spread"] = spread.reindex(table.index).fillna(0.0).round(3)
    torn = exact.isna() & below.notna() & above.notna()
    reason = "bounds on both sides and no value"
    lost = frame.set_index(pair).loc[table.index[torn]].reset_index().assign(reason=reason)
    table = table[~torn].reset_index().drop(columns="skeleton")
    table["tier"] = tiers(table["pchembl"], table["relation"])
    lost = pd.concat([disagreeing, lost], ignore_index=True)
    return table.sort_values(["uniprot", "inchikey"], ignore_index=True), lost


def _agreeing(frame: pd.DataFrame, pair: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split measurements into those that stand and those that are too far from the others."""
    exact = frame[frame["relation"] == "="]
    by_pair = exact.groupby(pair)["pchembl"]
    spread = by_pair.transform(np.ptp)
    if not (spread > APART_BY + _ROUNDING).any():
        return frame, frame.iloc[:0].assign(reason="")
    assay = exact["assay"] if "assay" in exact else pd.Series("", index=exact.index)
    # A measurement whose assay nobody names is one of its own.
    assay = assay.where(assay != "", [f"#{place}" for place in range(len(exact))])
    says = exact.assign(assay=assay).groupby([*pair, "assay"], as_index=False)["pchembl"].median()
    middle = says.groupby(pair)["pchembl"].median().rename("middle")
    gap = (exact["pchembl"] - exact.join(middle, on=pair)["middle"]).abs()
    far = (gap > APART_BY + _ROUNDING) & (spread > APART_BY + _ROUNDING)
    n = by_pair.transform("size")
    two = (n == _TWO) & (spread > APART_BY + _ROUNDING)
    n_left = (~far).groupby([exact[name] for name in pair]).transform("sum")
    hopeless = two | (2 * n_left <= n)
    # Where no value stands, nothing that merely bounds it does: the pair is not known.
    known = pd.MultiIndex.from_frame(frame[pair])
    unknown = known.isin(pd.MultiIndex.from_frame(exact.loc[hopeless, pair]))
    gone = pd.Series(unknown, index=frame.index)
    is_far = far.reindex(frame.index, fill_value=False) & ~gone
    reason = pd.Series(np.where(gone, APART, FAR), index=frame.index)
    left_out = gone | is_far
    return frame[~left_out], frame[left_out].assign(reason=reason[left_out])


def _joined(types: pd.Series) -> str:
    """Name each type once; a measurement may be of several, as one of an earlier table is."""
    return JOIN.join(sorted({kind for text in set(types) for kind in text.split(JOIN)} - {""}))


def tiers(pchembl: pd.Series, relation: pd.Series) -> pd.Series:
    """Name the strength of values and bounds."""
    exact, below, above = (relation == sign for sign in "=<>")
    chosen = np.select(
        [
            (exact | above) & (pchembl >= ACTIVE),
            exact & (pchembl >= WEAK),
            exact | (below & (pchembl <= ACTIVE)) | (relation == NO_VALUE),
        ],
        ["active", "weak_5_6", "inactive"],
        "uncertain",
    )
    return pd.Series(chosen, index=pchembl.index)
