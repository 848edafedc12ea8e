"""Libraries: what is indexed, how it looks, what failed, whether it is sound."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from molsearch import schema
from molsearch.errors import MolSearchError
from molsearch.words import counted
from molsearch_app import jobs
from molsearch_app.components import (
    addresses,
    charts,
    choose,
    downloads,
    library,
    progress,
    theme,
    uploads,
)
from molsearch_app.components.begin import began
from molsearch_app.components.launch import start_index, start_verify
from molsearch_app.components.library import Summary
from molsearch_app.components.takeaway import ready


@st.cache_data(max_entries=8, show_spinner="Reading the library …")
def sample(path: str, checksum: str) -> pd.DataFrame:
    """Sample of a library, read once a generation."""
    return library.sample(Path(path))


@st.cache_data(max_entries=50, show_spinner=False)
def repeats(path: str, checksum: str) -> str:
    """Ids of a library that occur more than once, in one line, read once a generation."""
    return str(library.repeats(Path(path)))


def main() -> None:
    """Lay out the page."""
    theme.heading(
        "Libraries", "What can be searched: molecules that are prepared, embedded and indexed."
    )
    add()
    good, bad = library.found()
    for place in bad:
        st.error(f"The index at {theme.unmarked(place)} is damaged: index its library again.")
    if not good:
        theme.empty(
            "No library yet",
            "Upload one above, screen the bundled example, or run molsearch index in a terminal.",
        )
        return
    st.dataframe(
        library.overview(good), hide_index=True, height="content", placeholder="", alt="Libraries"
    )
    paths = [str(one.path) for one in good]
    asked = st.query_params.get("index", "")
    chosen = st.selectbox(
        "Look at", range(len(good)), index=paths.index(asked) if asked in paths else 0,
        format_func=lambda number: good[number].label, key="library-look",
    )  # fmt: skip
    one = good[chosen]
    theme.facts(library.facts(one))
    st.page_link(
        "page/screen.py", label="Screen this library", icon=":material/search:",
        query_params={"index": str(one.path)},
    )  # fmt: skip
    try:
        chemistry(one)
        failures(one)
    except MolSearchError as error:
        theme.problem(error)
    check(one)


def add() -> None:
    """Take an upload and index it in the background."""
    run_id = addresses.asked("library")
    if run_id:
        follow(run_id)
    with st.expander("Add a library", icon=":material/add:", expanded=False):
        given = st.file_uploader(
            f"Molecules: {uploads.USUAL}, up to 500 MiB",
            type=uploads.TYPES, key="add-file",
        )  # fmt: skip
        conformers = st.slider("3D geometries a molecule", 1, 10, 1, key="add-conformers")
        if given is None:
            return
        try:
            path = choose.keep_upload(given.file_id, given.name, given)
            seen = uploads.look(path)
        except MolSearchError as error:
            theme.problem(error)
            return
        st.caption(f"{counted(seen.n_read, 'record')} looked at, {seen.n_bad} without a structure.")
        if st.button("Prepare and index", type="primary", key="add-go"):
            began(lambda: start_index(path, conformers=conformers))


def follow(run_id: str) -> None:
    """Show the indexing or the check that the page's address names."""
    job = progress.follow(run_id)
    if job is not None and job.kind == "library":
        st.success(f"{theme.unmarked(job.title)} is indexed.", icon=":material/check_circle:")


def chemistry(one: Summary) -> None:
    """Show the properties of a library and its map."""
    generation = one.manifest.plan.library + str(one.manifest.generation)
    frame = sample(str(one.path), generation)
    if said := repeats(str(one.path), generation):
        st.info(theme.unmarked(said), icon=":material/content_copy:")
    st.subheader("Chemistry", anchor=False)
    if len(frame) < one.manifest.n_ok:
        st.caption(f"A random sample of {counted(len(frame), 'molecule')}.")
    left, right = st.columns([1, 1], gap="large")
    with left:
        grid = st.columns(2)
        for place, (name, label) in enumerate(charts.PROPERTIES):
            grid[place % 2].altair_chart(
                charts.histogram(frame[name], label), width="stretch", alt=f"Histogram: {label}"
            )
    with right:
        labels = dict(charts.PROPERTIES)
        name = st.selectbox("Colour by", list(labels), format_func=labels.__getitem__, key="colour")
        if "x" in frame:
            st.altair_chart(
                charts.library_space(frame, name, labels[name]),
                width="stretch",
                alt="Map of the library",
            )
    alerts = (frame[schema.ALERTS].fillna("") != "").mean()
    flat = (frame[schema.GEOMETRY] == schema.GEOMETRY_NONE).mean()
    theme.facts(
        [
            ("With structural alerts", f"{alerts:.0%}"),
            ("Without a 3D geometry", f"{flat:.1%}"),
            ("Scaffolds in the sample", f"{frame[schema.SCAFFOLD].nunique():,}"),
        ]
    )


def failures(one: Summary) -> None:
    """Show what could not be prepared, and why."""
    st.subheader("Failures", anchor=False)
    if not one.manifest.n_failed:
        st.caption("Every record was prepared.")
        return
    frame = library.failures(one.path)
    st.dataframe(
        library.reasons(frame), hide_index=True, height="content", alt="Failures by reason"
    )
    with st.expander(f"All {counted(len(frame), 'record')}"):
        st.dataframe(frame, hide_index=True, placeholder="", alt="Every record that failed")
    key = f"failures-{one.manifest.failures.sha256}"
    made = ready(key, lambda: downloads.csv_bytes(frame))
    st.download_button(
        "Failures as csv", made, "failures.csv", "text/csv",
        icon=":material/download:", key="failures-csv", on_click="ignore",
    )  # fmt: skip


def check(one: Summary) -> None:
    """Offer the check of every byte, and show its last result."""
    st.subheader("Soundness", anchor=False)
    last = library.verify_of(one.path)
    if last is not None:
        status = jobs.status(last)
        if status.status == "done":
            st.success(f"Every byte matches its checksum (checked {theme.ago(last.created)}).")
        elif status.ended:
            theme.problem(f"{status.error}. Index the library again.")
    if st.button("Verify every byte", icon=":material/verified:", key="verify"):
        began(lambda: start_verify(one.path))


main()
