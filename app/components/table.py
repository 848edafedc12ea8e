"""The hit table: which columns, how they look."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from molsearch import schema
from molsearch.search.page_cards import score_top
from molsearch_app.components import drawing, parts
from molsearch_app.components.hits import Result

_OF_INACTIVES = (schema.SIMILARITY_SCORE, schema.INACTIVE_SCORE, schema.INACTIVE_ID)
ROW_HEIGHT, HEIGHT = 92, 640
_PROPERTY_LABELS = {
    "mw": ("MW", "%.1f"), "clogp": ("cLogP", "%.1f"), "tpsa": ("TPSA", "%.0f"),
    "hbd": ("Donors", "%d"), "hba": ("Acceptors", "%d"), "rotatable_bonds": ("Rotors", "%d"),
    "heavy_atoms": ("Heavy", "%d"), "formal_charge": ("Charge", "%+d"),
}  # fmt: skip


def shown(rows: pd.DataFrame, result: Result, *, dark: bool) -> pd.DataFrame:
    """Columns of the table in their order, the drawings first."""
    smiles = {query["id"]: query["smiles"] for query in result.queries}
    drawn = [
        drawing.url(one, smiles.get(nearest), dark=dark)
        for one, nearest in zip(rows[schema.PARENT_SMILES], rows[schema.QUERY_ID], strict=True)
    ]
    names = [schema.RANK, schema.MOLECULE_ID]
    named = [name for name in result.user_columns if name.lower() in ("name", "title")]
    against = [name for name in _OF_INACTIVES if result.has_inactives and name in rows]
    several = [schema.QUERY_ID] if len(smiles) > 1 else []
    rest = [name for name in result.user_columns if name not in named]
    order = [
        *names, *named, schema.SCORE, *_components(result), schema.ECFP4_SIMILARITY,
        schema.PERCENTILE, *against,
        *several, *_PROPERTY_LABELS, schema.ALERTS, schema.IS_QUERY, *rest,
    ]  # fmt: skip
    table = rows[order].copy()
    table.insert(1, "structure", drawn)
    return table.reset_index(drop=True)


def _components(result: Result) -> list[str]:
    """Columns of what the score is made of; for one query the ECFP4 part is shown anyway."""
    columns = [part.column for part in parts.parts(result)]
    return [one for one in columns if one != schema.ECFP4_SCORE or len(result.queries) > 1]


def config(result: Result) -> dict[str, Any]:
    """How each column is shown."""
    column = st.column_config
    found: dict[str, Any] = {
        "structure": column.ImageColumn("Structure", width=142, pinned=True),
        schema.RANK: column.NumberColumn("#", width=46, pinned=True),
        schema.MOLECULE_ID: column.TextColumn("Id", width=92),
        schema.SCORE: column.ProgressColumn(
            "Score", min_value=0, max_value=score_top(result.frame), format="%.3f", width=104,
            help=f"What ranks: {result.ranking}.",
        ),
        schema.MOLSEARCH_SCORE: column.ProgressColumn(
            "Encoder", min_value=0, max_value=1, format="%.3f", width=100,
            help="Cosine of the embeddings, as it enters the score.",
        ),
        schema.ECFP4_SCORE: column.ProgressColumn(
            "ECFP4 part", min_value=0, max_value=1, format="%.2f", width=104, color="orange",
            help="ECFP4 similarity to the queries, as it enters the score.",
        ),
        schema.RARITY_SCORE: column.ProgressColumn(
            "Rarity", min_value=0, max_value=1, format="%.3f", width=96,
            help="How rare its like is among reference compounds: least of what resembles many.",
        ),
        schema.SERIES_SCORE: column.NumberColumn(
            "Series model", format="%.3f", width=104,
            help="More like the queries than like known inactives and random molecules, -1 to 1.",
        ),
        schema.PERCENTILE: column.NumberColumn(
            "Above", format="%.2f %%", width=88,
            help="Per cent of random drug-like molecules that "
            f"{'the encoder alone ' if result.placed_by_encoder else ''}"
            f"score{'s' if result.placed_by_encoder else ''} lower for this query.",
        ),
        schema.ECFP4_SIMILARITY: column.ProgressColumn(
            "ECFP4", min_value=0, max_value=1, format="%.2f", width=100,
            help="Tanimoto similarity to the nearest query; low means a new chemotype.",
        ),
        schema.INACTIVE_SCORE: column.ProgressColumn(
            "Inactive", min_value=0, max_value=1, format="%.3f", width=110, color="orange",
            help="Cosine to the nearest known inactive; should be lower than the encoder's.",
        ),
        schema.INACTIVE_ID: column.TextColumn("Nearest inactive", width=110),
        schema.SIMILARITY_SCORE: column.NumberColumn(
            "Before inactives", format="%.3f", width=124,
            help="The score before known inactives count; they take off the weight times the "
            "nearest one's score, or the series model is added.",
        ),
        schema.QUERY_ID: column.TextColumn("Nearest query", width=110),
        schema.ALERTS: column.TextColumn("Alerts", width=120),
        schema.IS_QUERY: column.CheckboxColumn("Query", width=60),
    }  # fmt: skip
    for name, (label, form) in _PROPERTY_LABELS.items():
        found[name] = column.NumberColumn(label, format=form, width=78)
    for name in result.user_columns:
        found[name] = column.TextColumn(name, width=112)
    return found
