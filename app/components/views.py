"""The ways to look at a hit list; each returns the record number that is marked in it, if any."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from molsearch import schema
from molsearch.view.hit import NEW, is_flat, records
from molsearch.words import counted
from molsearch_app.components import charts, detail, parts, shortlist, table, theme, umap
from molsearch_app.components.hits import (
    BY_MARGIN,
    BY_PARTS,
    SORTS,
    Filter,
    Result,
    bounds,
    scaffolds,
)
from molsearch_app.jobs import AppRun

_PER_PAGE = 24
_SCAFFOLDS_PER_PAGE = 12
# Pixels; as many cards stand in a line as the window has room for.
_CARD_WIDTH = 160
_SCAFFOLD_WIDTH = 160
View = Callable[[AppRun, Result, pd.DataFrame, int | None], int | None]


def filters(result: Result) -> Filter:
    """Let the user narrow and sort the list."""
    frame = result.frame
    first, second, third, fourth = st.columns([3, 2, 2, 1.4], vertical_alignment="bottom")
    text = first.text_input(
        "Find", placeholder="id, name or any of your columns", key="filter-text", max_chars=100,
        icon=":material/search:",
    )  # fmt: skip
    smarts = second.text_input("Contains (SMARTS)", key="filter-smarts", max_chars=500)
    sorts = [
        *SORTS,
        *(BY_PARTS if parts.parts(result) else ()),
        *([BY_MARGIN] if result.has_inactives else ()),
    ]
    sort = third.selectbox("Sort by", sorts, key="filter-sort")
    ranges: dict[str, tuple[float, float]] = {}
    with fourth.popover("Filter", icon=":material/filter_alt:", width="stretch"):
        only_new = st.toggle(f"Only new by fingerprint ({NEW})", key="filter-new")
        no_alerts = st.toggle("Hide structural alerts", key="filter-alerts")
        no_query = st.toggle("Hide the queries themselves", key="filter-query")
        beats = result.has_inactives and st.toggle(
            "Only nearer to a query than to an inactive", key="filter-inactives"
        )
        for column, label, step in (
            (schema.SCORE, "Score", 0.01), (schema.ECFP4_SIMILARITY, "ECFP4 similarity", 0.01),
            ("mw", "Molecular weight", 10.0), ("clogp", "cLogP", 0.5), ("tpsa", "TPSA", 5.0),
        ):  # fmt: skip
            low, high = bounds(frame, column, step)
            chosen = st.slider(label, low, high, (low, high), step, key=f"filter-{column}")
            if chosen != (low, high):
                ranges[column] = chosen
    return Filter(text, smarts, ranges, no_alerts, no_query, only_new, beats, sort)


def as_table(job: AppRun, result: Result, rows: pd.DataFrame, focus: int | None) -> int | None:
    """Table with drawings; a click on a cell shows that hit, ticked rows go to the shortlist."""
    event: Any = st.dataframe(
        table.shown(rows, result, dark=theme.is_dark()),
        column_config=table.config(result),
        row_height=table.ROW_HEIGHT,
        placeholder="",
        height=table.HEIGHT,
        hide_index=True,
        on_select="rerun",
        selection_mode=["multi-row", "single-cell"],
        key="hit-table",
        alt=f"{counted(len(rows), 'hit')}; the arrow keys move, the hit of the marked cell is "
        "shown beside",
    )
    ticked = [int(rows.index[row]) for row in event["selection"]["rows"] if row < len(rows)]
    if ticked:
        st.button(
            f"Add {len(ticked)} ticked to the shortlist", icon=":material/bookmark_add:",
            key="keep-all", on_click=_keep_all, args=(job, ticked),
        )  # fmt: skip
    cells = event["selection"].get("cells") or []
    if cells and cells[0][0] < len(rows):
        return int(rows.index[cells[0][0]])
    return ticked[-1] if ticked else None


def _keep_all(job: AppRun, numbers: list[int]) -> None:
    st.toast(f"{shortlist.add(job, numbers)} added to the shortlist")


def as_grid(job: AppRun, result: Result, rows: pd.DataFrame, focus: int | None) -> int | None:
    """Cards, a page at a time."""
    grid = st.container(horizontal=True, key="grid")
    for hit in records(_page(rows, _PER_PAGE, "grid-page")):
        with grid.container(width=_CARD_WIDTH):
            _card(hit, result, "look")
    return None


def _card(hit: Mapping[str, Any], result: Result, key: str) -> None:
    """Card of a hit, and a button under it."""
    number = int(hit[schema.RECORD_NUMBER])
    flat = is_flat(result.frame)
    st.html(detail.card(hit, result.query_of(hit), parts.parts(result), flat=flat))
    st.button(
        f"Look at {hit[schema.RANK]}", key=f"{key}-{number}", width="stretch", type="tertiary",
        on_click=look, args=(number,),
    )  # fmt: skip


def look(number: int) -> None:
    """Show a hit beside the list, until another is picked."""
    st.session_state["picked"] = st.session_state["focus"] = number


def as_scaffolds(job: AppRun, result: Result, rows: pd.DataFrame, focus: int | None) -> int | None:
    """Hits by scaffold: one line a scaffold, with its best hits."""
    groups = scaffolds(rows)
    st.caption(
        f"{counted(len(groups), 'scaffold')} in {counted(len(rows), 'hit')}, the one with the "
        "best hit first."
    )
    for group in records(_page(groups, _SCAFFOLDS_PER_PAGE, "scaffold-page")):
        members = rows[rows[schema.SCAFFOLD].fillna("") == group[schema.SCAFFOLD]]
        with st.container(border=True, horizontal=True):
            picture = (
                theme.structure(group[schema.SCAFFOLD])
                if group[schema.SCAFFOLD]
                else "<p class='ms-muted'>no rings</p>"
            )
            st.html(
                f"<div class='ms-pair'>{picture}</div>"
                f"<b>{counted(group['hits'], 'hit')}</b>"
                f"<br><span class='ms-muted'>best rank {group['best_rank']} · median ECFP4 "
                f"{theme.number(group['ecfp4'])}</span>",
                width=_SCAFFOLD_WIDTH,
            )
            for hit in records(members.nsmallest(3, schema.RANK)):
                with st.container(width=_CARD_WIDTH):
                    _card(hit, result, "scaf")
    return None


def as_novelty(job: AppRun, result: Result, rows: pd.DataFrame, focus: int | None) -> int | None:
    """Score against likeness: high and to the left is what a fingerprint would not find."""
    chart = charts.novelty(rows, focus)
    return _clicked(chart, "novelty", "Score of each hit against its ECFP4 similarity")


def as_map(job: AppRun, result: Result, rows: pd.DataFrame, focus: int | None) -> int | None:
    """Where hits and queries lie in the library, as the encoder sees it."""
    if result.chart is None:
        theme.empty("No map of this run", "It is still being drawn, or could not be made.")
        return None
    by_umap = _layout(result.chart) == "UMAP"
    words = "Map of the library, its hits and the queries, as the encoder places them"
    return _clicked(charts.space(result.chart, rows, focus, by_umap=by_umap), "map", words)


def _layout(chart: pd.DataFrame) -> str:
    """Let the user choose how the map is laid out, where there is a choice."""
    if set(umap.COLUMNS) <= set(chart.columns):
        chosen = st.segmented_control(
            "Layout", ["PCA", "UMAP"], default="PCA", key="map-layout", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        return str(chosen)
    if not umap.installed():
        st.caption(f"Principal axes. For UMAP beside them: `{umap.INSTALL}`, then screen again.")
    return "PCA"


def as_scores(job: AppRun, result: Result, rows: pd.DataFrame, focus: int | None) -> int | None:
    """How scores are spread."""
    score = float(result.frame.loc[focus, schema.SCORE]) if focus is not None else None  # type: ignore[arg-type]
    st.altair_chart(
        charts.distribution(rows, score), width="stretch", alt="Histogram of the scores"
    )
    st.caption("The red line is the hit you look at.")
    return None


VIEWS: dict[str, View] = {
    "Table": as_table,
    "Grid": as_grid,
    "Scaffolds": as_scaffolds,
    "Novelty": as_novelty,
    "Map": as_map,
    "Scores": as_scores,
}


def _clicked(chart: Any, key: str, words: str) -> int | None:
    event = st.altair_chart(
        chart, width="stretch", on_select="rerun", selection_mode=charts.PICK, key=f"chart-{key}",
        alt=words,
    )  # fmt: skip
    st.caption("Click a point to look at the hit.")
    return charts.picked(event)


def _page(frame: pd.DataFrame, size: int, key: str) -> pd.DataFrame:
    """Return the rows of the page that the user chose."""
    pages = max(1, math.ceil(len(frame) / size))
    if pages == 1:
        return frame
    number = int(st.number_input(f"Page (of {pages})", 1, pages, 1, key=key, width=150))
    return frame.iloc[(number - 1) * size : number * size]


def warnings(lines: list[str]) -> None:
    """Show what the user should know before believing a list."""
    for line in lines:
        st.warning(theme.unmarked(line), icon=":material/warning:")


def query_strip(result: Result) -> None:
    """Show the queries of a run, drawn."""
    chips = [
        f"<div class='ms-chip' title='{html.escape(query['id'], quote=True)}'>"
        f"{theme.structure(query['smiles'])}<b>{html.escape(query['id'])}</b></div>"
        for query in result.queries[:8]
    ]
    if len(result.queries) > 8:
        chips.append(f"<div class='ms-muted'>and {len(result.queries) - 8} more</div>")
    st.html(f"<div class='ms-chips low'>{''.join(chips)}</div>")
