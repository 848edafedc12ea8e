"""Encoder: its card, its limits, and fine-tuning on one's own series."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import streamlit as st

from molsearch.data.series import TARGET_COLUMNS, VALUE_COLUMNS
from molsearch.errors import MolSearchError
from molsearch_app import jobs
from molsearch_app.components import (
    ablations,
    addresses,
    choose,
    encoders,
    progress,
    theme,
    uploads,
)
from molsearch_app.components.begin import began

_ONE = "(one target)"


def main() -> None:
    """Lay out the page."""
    theme.heading(
        "Encoder",
        "The network that turns a molecule and its 3D shape into 256 numbers, so that ligands of "
        "the same target lie close together.",
    )
    run_id = addresses.asked("model")
    if run_id:
        follow(run_id)
    found = encoders.all_encoders()
    tuned = [label for label, path in found.items() if run_id and path.parent.name == run_id]
    if tuned and st.session_state.get("card-shown") != run_id:
        st.session_state["card-shown"], st.session_state["card"] = run_id, tuned[0]
    name = st.selectbox("Encoder", list(found), key="card") if len(found) > 1 else encoders.BUNDLED
    try:
        card(encoders.read_card(found[str(name)]))
    except MolSearchError as error:
        theme.problem(error)
    ablations.show()
    st.subheader("Fine-tune on my own activities", anchor=False)
    fine_tune()


def card(content: dict[str, Any]) -> None:
    """Show a card."""
    identity = str(content.get("identity", ""))
    theme.facts(
        [
            ("Name", content.get("name", "–")),
            ("Identity", identity[:12] or "–"),
            ("Dimensions", (content.get("model") or {}).get("embedding_dim", "–")),
        ]
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        tuned = encoders.tuning(content)
        if len(tuned):
            st.subheader("Before and after fine-tuning", anchor=False)
            told, few = encoders.evidence(content)
            st.caption(f"On scaffolds that were held out of the tuning. {theme.unmarked(told)}")
            if few:
                st.warning("The figures rest on few actives.", icon=":material/warning:")
            st.dataframe(tuned, hide_index=True, height="content", alt="Before and after")
        st.subheader("How well it ranks", anchor=False)
        figures = encoders.figures(content)
        if len(figures):
            development = content["development"]
            st.dataframe(figures, hide_index=True, height="content", alt="How well it ranks")
            st.caption(
                f"Means over {development.get('targets', '–')} development targets; better than "
                f"ECFP4 in BEDROC on "
                f"{development.get('targets_above_ecfp4_in_bedroc_80p5', '–')}. "
                f"{theme.unmarked(str(development.get('protocol', '')))}"
            )
        else:
            st.caption("The card holds no figures. The Benchmarks page compares it with ECFP4.")
        st.subheader("Limits", anchor=False)
        for sentence in encoders.limits(content):
            st.markdown(f"- {theme.unmarked(sentence)}")
    with right:
        for title, key in (("Training", "training"), ("Parent", "parent")):
            rows = encoders.scalars(content.get(key))
            if rows:
                st.subheader(title, anchor=False)
                st.html(table(rows))
        for title, key in (("Network", "model"), ("Applicability", "applicability")):
            rows = encoders.scalars(content.get(key))
            if rows:
                with st.expander(title):
                    st.html(table(rows))
    st.caption(theme.unmarked(str(content.get("licence", ""))))


def table(rows: list[tuple[str, str]]) -> str:
    """Labels and values as an HTML table, escaped."""
    cells = "".join(
        f"<tr><td>{html.escape(label)}</td><td>{html.escape(value)}</td></tr>"
        for label, value in rows
    )
    return f"<table class='ms-props'>{cells}</table>"


def follow(run_id: str) -> None:
    """Show the fine-tuning that the page's address names."""
    job = progress.follow(run_id)
    if job is not None:
        st.success("Tuned. Its card is below; choose it under Options on the Screen page.")
        with st.expander("What it said"):
            st.code(jobs.log(job), language=None)


def fine_tune() -> None:
    """Take a series with activities and tune the encoder on it."""
    st.caption(
        "A table with structures and activities (−log₁₀ molar such as pIC50, or active/inactive), "
        "and a column of targets where there are several. Figures before and after are measured "
        "on scaffolds held out of the tuning; where nothing is gained, the weights stay. "
        f"Beside your own inactives stand {encoders.LIBRARY}: a third of them each to teach, to "
        f"choose and to judge. With fewer than {encoders.FEW} held-out actives the figures are "
        "little more than a hint."
    )
    given = st.file_uploader("Activities", type=uploads.TYPES, key="tune-file", max_upload_size=50)
    if given is None:
        return
    try:
        path: Path = choose.keep_upload(given.file_id, given.name, given)
        columns = list(uploads.columns(path))
    except MolSearchError as error:
        theme.problem(error)
        return
    if not columns:
        st.error("The table has no column beside the structures; add one of activities.")
        return
    first, second, third = st.columns(3)
    value = first.selectbox(
        "Activity column", columns, index=encoders.likely(columns, VALUE_COLUMNS) or 0,
        key="tune-value",
    )  # fmt: skip
    likely = encoders.likely(columns, TARGET_COLUMNS)
    target = second.selectbox(
        "Target column", [_ONE, *columns], index=0 if likely is None else likely + 1,
        key="tune-target",
    )  # fmt: skip
    least = third.number_input("Least value of an active", 0.0, 12.0, 6.0, 0.5, key="tune-least")
    if st.button("Fine-tune", type="primary", icon=":material/tune:", key="tune-go"):
        chosen = None if target == _ONE else target
        if chosen == value:
            st.error(
                "Activities and targets are in one column; choose two.", icon=":material/error:"
            )
            return
        began(lambda: encoders.start_tuning(path, str(value), chosen, float(least), None))


main()
