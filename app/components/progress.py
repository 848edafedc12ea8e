"""A running job on the page: what it does, how far it is, how to end it."""

from __future__ import annotations

import html

import streamlit as st

from molsearch.errors import MolSearchError
from molsearch_app import jobs, keeping
from molsearch_app.components import theme

_WORDS = {
    "prepare and index": "Preparing and indexing the library",
    "screen": "Screening",
    "map": "Drawing the chemical-space map",
    "verify": "Checking every byte",
    "benchmark": "Running the benchmark",
    "fine-tune": "Fine-tuning the encoder",
}

# Kinds of run whose repetition finds what was done.
_GO_ON = ("benchmark", "library")


def describe(status: jobs.Status) -> tuple[str, float | None]:
    """Say in one line what a job does now, and its share done where that is known."""
    if status.status == "queued":
        return "Waiting for a free slot", None
    what = _WORDS.get(status.label, status.label)
    found = status.progress
    if not found:
        return f"{what} …", None
    words = [found["stage"].capitalize()]
    share = None
    if found.get("done") is not None:
        words[0] += f": {found['done']:,}"
    if found.get("total"):
        words[0] += f" of {found['total']:,}"
        share = min(1.0, found["done"] / found["total"])
    if found.get("rate"):
        words.append(f"{found['rate']:,} a second")
    if found.get("left"):
        words.append(f"{found['left']} left")
    if found.get("failed"):
        words.append(f"{found['failed']:,} failed")
    if found.get("note"):
        words.append(str(found["note"]))
    return " · ".join(words), share


def shows_more(status: jobs.Status) -> bool:
    """Say whether the page has more to show than progress: all, or hits that lack their map."""
    return status.ended or status.label == "map"


@st.fragment(run_every=1.0)
def panel(run_id: str) -> None:
    """Show a running job and refresh once a second; the page runs again when there is more."""
    job = jobs.attach(run_id)
    status = jobs.status(job)
    if shows_more(status):
        st.rerun(scope="app")
    words, share = describe(status)
    with st.container(border=True, key="job-panel"):
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.html(
            f"<div class='ms-stage'><b>{html.escape(words)}</b>"
            f"<span class='ms-muted'>{status.elapsed:,.0f} s</span></div>"
        )
        if share is None:
            left.html("<div class='ms-wait'></div>")
        else:
            left.progress(share)
        if right.button("Cancel", icon=":material/stop_circle:", key="cancel"):
            jobs.cancel(job)
            st.toast("Ending the run …")
        _steps(job, status)
    st.caption(
        f"The run goes on without this page. Its address, which ends in `{job.run_id}`, opens it "
        "again from any tab."
    )


def follow(run_id: str) -> jobs.AppRun | None:
    """Show the job that a page's address names while it runs or where it failed.

    Returns
    -------
    Job or None
        The job once it is done: what it gave is the page's to show.
    """
    try:
        job = jobs.attach(run_id)
    except MolSearchError as error:
        theme.problem(error)
        return None
    status = jobs.status(job)
    if not status.ended:
        panel(run_id)
        return None
    if status.status != "done":
        ending(job, status)
        return None
    return job


@st.fragment(run_every=2.0)
def pending(run_id: str) -> None:
    """Wait for what follows the hit list, which is shown already."""
    status = jobs.status(jobs.attach(run_id))
    if status.ended:
        st.rerun(scope="app")
    st.caption(f"{describe(status)[0]}")


def _steps(job: jobs.AppRun, status: jobs.Status) -> None:
    if len(job.steps) < 2:
        return
    marks = [
        ("✓" if number < status.step else "●" if number == status.step else "○") + f" {step.label}"
        for number, step in enumerate(job.steps)
    ]
    st.caption("  ·  ".join(marks))


def own_names(text: str, job: jobs.AppRun) -> str:
    """Call a run's files what the user calls them, without the server's folders."""
    return text.replace(f"{job.file('uploads')}/", "").replace(f"{job.folder}/", "")


def ending(job: jobs.AppRun, status: jobs.Status) -> None:
    """Show how a job ended that gave no result, and the way on."""
    if status.status == "cancelled":
        theme.empty("Run cancelled", "What was done is kept. Start it again any time.")
    else:
        theme.problem(f"The run failed: {own_names(status.error, job)}")
    if job.kind in _GO_ON and st.button(
        "Go on where it stopped", icon=":material/resume:", key="again"
    ):
        try:
            keeping.again(job)
        except MolSearchError as error:
            theme.problem(error)
        else:
            st.rerun()
    if job.kind == "screen":
        st.page_link("page/screen.py", label="Go to Screen", icon=":material/search:")
    said = own_names(jobs.log(job), job)
    if said:
        with st.expander("What the commands said"):
            st.code(said, language=None)
