"""Which page shows a run: an address that names it under another page leads there."""

from __future__ import annotations

import streamlit as st

from molsearch_app import jobs

_PAGES = {
    "screen": "results", "library": "library", "verify": "library", "benchmark": "benchmark",
    "train": "model",
}  # fmt: skip


def page_of(run_id: str) -> str:
    """Name the page of a run; that of the results says what is wrong with an id that is none."""
    return _PAGES.get(run_id.split("-")[0], "results") if jobs.is_run_id(run_id) else "results"


def asked(here: str) -> str:
    """Return the run that the page's address names; another page's run leads to that page."""
    run_id = st.query_params.get("run", "")
    if run_id and page_of(run_id) != here:
        st.switch_page(f"page/{page_of(run_id)}.py", query_params={"run": run_id})
    return str(run_id)
