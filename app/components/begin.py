"""A job that a page starts, and the address that it is found at."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from molsearch.errors import MolSearchError
from molsearch_app import access, jobs
from molsearch_app.components import theme


def began(start: Callable[[], jobs.AppRun]) -> None:
    """Start a job and show it, or say why there is none."""
    try:
        job = start()
    except MolSearchError as error:
        theme.problem(error)
        return
    access.claim(job)
    st.query_params["run"] = job.run_id
    st.rerun()
