"""Runs: everything that was started, to open, rename, keep and delete."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from molsearch.errors import MolSearchError
from molsearch.words import counted
from molsearch_app import access, jobs, keeping
from molsearch_app.components import addresses, theme

_KINDS = {
    "screen": "Screen", "library": "Library", "verify": "Check", "benchmark": "Benchmark",
    "train": "Fine-tuning",
}  # fmt: skip
_MOST = 2000


def main() -> None:
    """Lay out the page."""
    theme.heading("Runs", "Everything that was started here, the newest first.")
    st.caption(_keeping())
    runs = [job for job in jobs.recent(limit=_MOST) if access.is_mine(job.folder)]
    if not runs:
        theme.empty("No run yet", "Start a screen, index a library, or run a benchmark.")
        st.page_link("page/screen.py", label="Go to Screen", icon=":material/search:")
        return
    event = st.dataframe(
        overview(runs), hide_index=True, on_select="rerun", selection_mode="multi-row",
        key=f"runs-table-{st.session_state.get('runs-turn', 0)}", placeholder="",
        column_config={
            "Started": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "MiB": st.column_config.NumberColumn(format="%.1f"),
        },
        alt=f"{counted(len(runs), 'run')}; tick rows to do something with them",
    )  # fmt: skip
    chosen = [runs[row] for row in event["selection"]["rows"] if row < len(runs)]
    if not chosen:
        st.caption("Tick runs to open, rename, keep or delete them.")
        return
    if len(chosen) == 1:
        single(chosen[0])
    several(chosen)


def _keeping() -> str:
    """Say how long runs stay."""
    try:
        told = keeping.Limits.of().told()
    except MolSearchError as error:
        return theme.unmarked(str(error))
    return told or "Runs stay until somebody deletes them."


def overview(runs: list[jobs.AppRun]) -> pd.DataFrame:
    """Table of runs."""
    return pd.DataFrame(
        {
            "Kind": [_KINDS.get(job.kind, job.kind) for job in runs],
            "Name": [job.title for job in runs],
            "State": [jobs.status(job).status for job in runs],
            "Started": pd.to_datetime([job.created for job in runs], unit="s").round("s"),
            "Last used": [theme.ago(keeping.last_used(job.folder)) for job in runs],
            "MiB": [keeping.size(job.folder) / 2**20 for job in runs],
            "Kept": [keeping.is_kept(job) for job in runs],
        }
    )


def single(job: jobs.AppRun) -> None:
    """Offer what is done with one run alone: opening and renaming it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.page_link(
            f"page/{addresses.page_of(job.run_id)}.py", label="Open",
            icon=":material/open_in_new:", query_params={"run": job.run_id},
        )  # fmt: skip
        name = st.text_input("Name", job.title, max_chars=200, key=f"run-name-{job.run_id}")
        if st.button("Rename", key="run-rename", disabled=name.strip() == job.title):
            _done([job], lambda one: keeping.rename(one, name))


def several(chosen: list[jobs.AppRun]) -> None:
    """Offer what is done with any number of runs."""
    running = [job for job in chosen if not jobs.status(job).ended]
    kept = all(keeping.is_kept(job) for job in chosen)
    with st.container(horizontal=True):
        if st.button(
            "Keep no longer" if kept else "Keep", icon=":material/keep:", key="run-keep",
            help="A run that is kept is not removed by age, number or room.",
        ):  # fmt: skip
            _done(chosen, lambda job: keeping.keep(job, kept=not kept))
        if running and st.button("Cancel", icon=":material/stop_circle:", key="run-cancel"):
            _done(running, jobs.cancel)
        words = counted(len(chosen), "run")
        with st.popover(
            f"Delete {words}", icon=":material/delete:", disabled=bool(running),
            help="Cancel what has not ended first." if running else None,
        ):  # fmt: skip
            st.markdown("\n".join(f"- {theme.unmarked(job.title)}" for job in chosen[:20]))
            if len(chosen) > 20:
                st.caption(f"and {len(chosen) - 20} more")
            st.warning(loss(chosen), icon=":material/warning:")
            if st.button(f"Delete {words} for good", type="primary", key="run-delete"):
                _done(chosen, keeping.delete)


def loss(chosen: list[jobs.AppRun]) -> str:
    """Say what goes with runs, in one sentence."""
    what = ["hit lists", "uploads", "shortlists with their notes"]
    if any(next(job.folder.glob("*.index"), None) for job in chosen):
        what.append("the libraries that they indexed, also for other screens")
    if any((job.folder / "encoder").is_dir() for job in chosen):
        what.append("their fine-tuned encoders")
    return f"All that lies in them goes: {', '.join(what)}. There is no way back."


def _done(chosen: list[jobs.AppRun], change: Callable[[jobs.AppRun], None]) -> None:
    """Make a change to runs and show the table anew, with nothing ticked."""
    try:
        for job in chosen:
            change(job)
    except MolSearchError as error:
        theme.problem(error)
        return
    st.session_state["runs-turn"] = st.session_state.get("runs-turn", 0) + 1
    st.rerun()


main()
