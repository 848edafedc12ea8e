"""Results: a run in progress, or its hit list."""

from __future__ import annotations

import html

import pandas as pd
import streamlit as st

from molsearch import schema
from molsearch.errors import MolSearchError
from molsearch.view.hit import new_ones
from molsearch.view.reliability import TITLE
from molsearch.words import counted
from molsearch_app import jobs, keeping
from molsearch_app.components import (
    addresses,
    curve,
    detail,
    hits,
    progress,
    takeaway,
    theme,
    views,
)
from molsearch_app.components.hits import Result
from molsearch_app.components.launch import MAP


@st.cache_data(max_entries=8, show_spinner="Reading the hit list …")
def load(run_id: str, mapped: int) -> Result:
    """Read the hits of a run, again whenever its map has changed (at the time `mapped`)."""
    return hits.load(jobs.attach(run_id))


def main() -> None:
    """Lay out the page."""
    run_id = addresses.asked("results") or st.session_state.get("run", "")
    if not run_id:
        theme.heading("Results", "Hits of a screen, beside the query they were found with.")
        theme.empty("No run chosen", "Start a screen, or open a recent run from the Screen page.")
        st.page_link("page/screen.py", label="Go to Screen", icon=":material/search:")
        return
    try:
        job = jobs.attach(run_id)
        status = jobs.status(job)
    except MolSearchError as error:
        theme.heading("Results", "Hits of a screen, beside the query they were found with.")
        theme.problem(error)
        st.page_link("page/screen.py", label="Go to Screen", icon=":material/search:")
        return
    keeping.touch(job.folder)
    st.session_state["run"] = run_id
    st.query_params["run"] = run_id
    st.title(theme.unmarked(job.title), anchor=False)
    if not progress.shows_more(status):
        progress.panel(run_id)
    elif status.ended and status.status != "done":
        progress.ending(job, status)
    else:
        # A place of its own, also where it is empty: what lies below stays as it is when it ends.
        with st.container():
            if not status.ended:
                progress.pending(run_id)
        finished(job, status)


def finished(job: jobs.AppRun, status: jobs.Status) -> None:
    """Show the hit list."""
    try:
        result = load(job.run_id, hits.changed(job, MAP))
    except MolSearchError as error:
        theme.problem(error)
        return
    summary(job, result, status)
    if result.frame.empty:
        theme.empty("No hits", "Nothing in the library passes the filters of this screen.")
        takeaway.reproduce(job, status)
        return
    chosen = views.filters(result)
    try:
        rows = chosen.apply(result)
    except MolSearchError as error:
        theme.problem(error)
        rows = result.frame
    left, right = st.columns([13, 8], gap="medium")
    with left:
        listing(job, result, rows)
    with right:
        if (focus := looked_at(result, rows)) is not None:
            hit = {str(name): value for name, value in result.frame.loc[focus].items()}
            detail.panel(job, result, hit)
    short = takeaway.kept(job, result)
    takeaway.files(job, result, rows, short)
    takeaway.reproduce(job, status)


def first(rows: pd.DataFrame) -> int | None:
    """Record number of the first hit that is not a query."""
    others = rows[~rows[schema.IS_QUERY].astype(bool)]
    shown = others if len(others) else rows
    return int(shown[schema.RECORD_NUMBER].iloc[0]) if len(shown) else None


def looked_at(result: Result, rows: pd.DataFrame) -> int | None:
    """Record number of the hit that is shown beside the list: the one picked, or the first."""
    focus = st.session_state.get("focus")
    return focus if focus in result.frame.index else first(rows)


def listing(job: jobs.AppRun, result: Result, rows: pd.DataFrame) -> None:
    """Show the hits in the way the user chose, and remember the one picked."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        view = st.segmented_control(
            "View", list(views.VIEWS), default="Table", key="view", label_visibility="collapsed",
            required=True, width="content",
        )  # fmt: skip
        st.html(
            f"<div class='ms-muted'>{len(rows):,} of {counted(len(result.frame), 'hit')}</div>",
            width="content",
        )
    if rows.empty:
        theme.empty("No hit passes", "Loosen a filter to see more.")
        return
    focus = looked_at(result, rows)
    picked = views.VIEWS[str(view)](job, result, rows, focus)
    if picked is not None and picked != st.session_state.get("picked"):
        views.look(picked)


def hit_count(n: int, n_molecules: int) -> str:
    """Say how many hits there are, and that they are no selection where they are everything."""
    return f"{n:,}, the whole library" if n == n_molecules > 1 else f"{n:,}"


def summary(job: jobs.AppRun, result: Result, status: jobs.Status) -> None:
    """Show what was asked and what was searched."""
    account = result.account
    new = int(new_ones(result.frame).sum())
    theme.facts(
        [
            ("Library", f"{job.meta.get('library', '')}, {account['index']['n_molecules']:,}"),
            ("Hits", hit_count(len(result.frame), account["index"]["n_molecules"])),
            ("New by fingerprint", f"{new:,}"),
            ("Scaffolds", f"{result.frame[schema.SCAFFOLD].nunique():,}"),
            ("Failed records", f"{account['index']['n_failed']:,}"),
            ("Seconds", f"{status.elapsed:,.0f}"),
            ("Ranked by", result.ranking),
        ]
    )
    views.query_strip(result)
    for line in (result.trust, result.mutual):
        if line:
            st.html(f"<p class='ms-muted'>{html.escape(line)}</p>")
    if drawn := curve.curve(result.reliability, dark=theme.is_dark()):
        with st.expander(TITLE):
            st.html(drawn)
    views.warnings(account.get("warnings", []))


main()
