"""Many measurements of one molecule on one target: one row."""

from __future__ import annotations

import numpy as np
import pandas as pd

ACTIVE, WEAK = 6.0, 5.0
KEEP = ("smiles", "target_chembl_id", "target_name", "organism", "chembl_id")


def aggregate(measurements: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join measurements by skeleton (InChIKey block 1) and target.

    The value is the median of the exact ones. Bounds count where there is no exact value: the
    tightest of one side. Bounds on both sides and no value are a failure.

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
        (< 5, or bounded from above by 6 or less), ``uncertain``; and measurements of pairs
        that only bounds on both sides describe.
    """
    frame = measurements.assign(skeleton=measurements["inchikey"].str[:14])
    pair = ["skeleton", "uniprot"]
    # The exact and strongest measurement speaks for the pair's names and structure.
    frame = frame.sort_values(
        ["relation", "pchembl"], key=lambda c: (c != "=") if c.name == "relation" else -c
    )
    groups = frame.groupby(pair, sort=False)
    table = groups.agg(
        inchikey=("inchikey", "first"),
        **{name: (name, "first") for name in KEEP},
        activity_type=("activity_type", lambda types: "; ".join(sorted(set(types) - {""}))),
        confidence=("confidence", "max"),
        n_values=("pchembl", "size"),
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
    table["relation"] = np.select([exact.notna(), below.notna()], ["=", "<"], ">")
    spread = by_relation["="].agg(np.ptp) if "=" in by_relation else empty
    table["spread"] = spread.reindex(table.index).fillna(0.0).round(3)
    torn = exact.isna() & below.notna() & above.notna()
    reason = "bounds on both sides and no value"
    lost = frame.set_index(pair).loc[table.index[torn]].reset_index().assign(reason=reason)
    table = table[~torn].reset_index().drop(columns="skeleton")
    table["tier"] = tiers(table["pchembl"], table["relation"])
    return table.sort_values(["uniprot", "inchikey"], ignore_index=True), lost


def tiers(pchembl: pd.Series, relation: pd.Series) -> pd.Series:
    """Name the strength of values and bounds."""
    exact, below, above = (relation == sign for sign in "=<>")
    chosen = np.select(
        [
            (exact | above) & (pchembl >= ACTIVE),
            exact & (pchembl >= WEAK),
            exact | (below & (pchembl <= ACTIVE)),
        ],
        ["active", "weak_5_6", "inactive"],
        "uncertain",
    )
    return pd.Series(chosen, index=pchembl.index)
