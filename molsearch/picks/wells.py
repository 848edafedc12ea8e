"""Rows of a plate: picks and controls, each in its well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch import schema
from molsearch.picks.columns import Columns
from molsearch.picks.plate import Layout, wells

PLATE, WELL, ROLE, WHY, SIMILARITY = "plate", "well", "role", "why", "pick_similarity"
PRICE = "pick_price"
OWN = (PLATE, WELL, ROLE, WHY, SIMILARITY, PRICE)
PICK = "pick"
_SUFFIX = "_input"


@dataclass(frozen=True)
class Control:
    """A molecule whose outcome is known."""

    molecule_id: str
    smiles: str
    parent: str
    role: Literal["query", "inactive"]


def well_frame(
    listed: pd.DataFrame,
    columns: Columns,
    picked: NDArray[np.int64],
    plate: Layout | None,
    controls: Sequence[Control],
    facts: Sequence[str],
    own: Mapping[str, Any],
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Lay picks and controls out: the table of wells, in their order, and parents of its rows.

    Parameters
    ----------
    listed
        The hit list, as values or as texts.
    picked
        Rows of the hit list, in the order in which wells are filled.
    facts
        Further columns.
    own
        Columns of ours, by name, one value a pick.
    """
    frame = listed.iloc[picked].reset_index(drop=True)
    frame = frame.rename(columns={name: f"{name}{_SUFFIX}" for name in OWN if name in frame})
    for name in facts:
        if name not in frame:
            frame[name] = columns.values("--facts", name, picked)
    parents = [columns.table.parents[row] for row in picked]
    structure = frame[[schema.MOLECULE_ID, schema.SMILES]]
    rest = frame.drop(columns=[schema.MOLECULE_ID, schema.SMILES])
    head = pd.DataFrame({ROLE: PICK, **own}, index=frame.index)
    if plate is None:
        return pd.concat([head, structure, rest], axis=1), tuple(parents)
    n = len(plate.picks)
    head.insert(0, PLATE, 1 + np.arange(len(picked)) // n)
    head.insert(1, WELL, [plate.picks[place % n] for place in range(len(picked))])
    full = pd.concat([head, structure, rest], axis=1)
    extra = _control_rows(plate, controls, int(head[PLATE].max()))
    if extra:
        full = pd.concat([*_alike(full, [row for row, _ in extra])], ignore_index=True)
        parents += [parent for _, parent in extra]
    return _in_order_of_wells(full, parents, plate)


def _alike(frame: pd.DataFrame, rows: Sequence[dict[str, Any]]) -> tuple[pd.DataFrame, ...]:
    """Bring a frame and further rows of few of its columns to types with missing values."""
    for name in frame.columns:
        if pd.api.types.is_bool_dtype(frame[name].dtype):
            frame[name] = frame[name].astype("boolean")
        elif pd.api.types.is_integer_dtype(frame[name].dtype):
            whole: Any = _nullable(frame[name].dtype.name)
            frame[name] = frame[name].astype(whole)
    more = {}
    for name in frame.columns:
        dtype: Any = frame[name].dtype
        more[name] = pd.Series([row.get(name) for row in rows], dtype=dtype)
    return frame, pd.DataFrame(more)


def _nullable(name: str) -> str:
    return name.replace("uint", "UInt").replace("int", "Int")


def _control_rows(
    plate: Layout, controls: Sequence[Control], n_plates: int
) -> list[tuple[dict[str, Any], str]]:
    """Fill the control wells with the controls of their kind, in turn, from plate to plate."""
    turns = {
        role: cycle([one for one in controls if one.role == role]) for role in ("query", "inactive")
    }
    rows = []
    for number in range(1, n_plates + 1):
        for role, places in (("query", plate.positive), ("inactive", plate.negative)):
            for well, one in zip(places, turns[role], strict=False):
                row = {
                    PLATE: number, WELL: well, ROLE: role, WHY: "control",
                    schema.MOLECULE_ID: one.molecule_id, schema.SMILES: one.smiles,
                }  # fmt: skip
                rows.append((row, one.parent))
    return rows


def _in_order_of_wells(
    frame: pd.DataFrame, parents: list[str], plate: Layout
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    place = {well: number for number, well in enumerate(wells(plate.size))}
    order = sorted(
        range(len(frame)), key=lambda row: (frame[PLATE].iloc[row], place[frame[WELL].iloc[row]])
    )
    return frame.iloc[order].reset_index(drop=True), tuple(parents[row] for row in order)
