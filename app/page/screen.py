"""Screen: queries in, a run out."""

from __future__ import annotations

import streamlit as st

from molsearch.errors import MolSearchError
from molsearch.words import counted
from molsearch_app import access, jobs
from molsearch_app.components import addresses, choose, queries, theme
from molsearch_app.components.launch import start_screen


def main() -> None:
    """Lay out the page."""
    addresses.asked("screen")  # shows no run: an address that names one leads to its page
    theme.heading(
        "Screen",
        "Bring one or more active molecules; get the molecules of a library that an encoder "
        "trained on activity data places nearest to them.",
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("1 · Queries", anchor=False)
        drafts = choose.query_widgets()
        good = queries.good(drafts)
        choose.show_drafts(drafts)
        inactives = choose.inactive_widgets()
    with right:
        st.subheader("2 · Library", anchor=False)
        library = choose.library_widgets()
        st.subheader("3 · Options", anchor=False)
        with st.expander("Hits, filters, encoder", icon=":material/tune:"):
            options = choose.option_widgets(len(good), library)
        ready = bool(good) and library is not None
        label = f"Screen with {counted(len(good), 'query')}" if ready else ("Screen")
        if st.button(
            label, type="primary", disabled=not ready, width="stretch", key="go",
            icon=":material/play_arrow:", shortcut="Ctrl+Shift+Enter",
            help=None if ready else "Give a query that can be read, and a library.",
        ):  # fmt: skip
            assert library is not None
            try:
                job = start_screen(good, library, options, inactives)
            except MolSearchError as error:
                theme.problem(error)
            else:
                access.claim(job)
                st.switch_page("page/results.py", query_params={"run": job.run_id})
    recent()


def recent() -> None:
    """List earlier runs; on a shared server, one's own alone."""
    runs = [job for job in jobs.recent("screen", 200) if access.is_mine(job.folder)][:8]
    if not runs:
        return
    st.subheader("Recent runs", anchor=False)
    for job in runs:
        status = jobs.status(job)
        mark = {"done": "✓", "failed": "✕", "cancelled": "–"}.get(status.status, "●")
        st.page_link(
            "page/results.py",
            label=f"{mark} {plain(job.title)} · {theme.ago(job.created)}",
            query_params={"run": job.run_id},
        )
    st.page_link("page/runs.py", label="All runs", icon=":material/folder:")


def plain(text: str) -> str:
    """Show a user's text as itself where Streamlit would read Markdown."""
    return theme.unmarked(text)[:110]


main()
