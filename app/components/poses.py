"""Aligned poses to take away: as many as the user asks for, with the time it takes."""

from __future__ import annotations

import time

import pandas as pd
import streamlit as st

from molsearch import schema
from molsearch.words import counted
from molsearch_app.components import downloads
from molsearch_app.components.hits import Result

USUAL, MOST = 100, 5000
# Before anything was aligned here; the pace of this machine takes its place.
_FIRST_GUESS = 0.5
MADE = "poses-made"


@st.cache_resource
def _pace() -> dict[str, float]:
    """Seconds a hit took when poses were last made on this server."""
    return {"seconds": _FIRST_GUESS}


def offer(rows: pd.DataFrame, result: Result, name: str) -> None:
    """Let the user have hits as SDF, each laid over its nearest query.

    Making them takes long, so it is a step of its own, with progress; the file comes after it.
    """
    most = min(len(rows), MOST)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        n = _number(most)
        asked = ("sdf", n, hash(tuple(rows[schema.RECORD_NUMBER].head(n))))
        made = st.session_state.get(MADE)
        ready = made is not None and made[0] == asked
        go = not ready and st.button(
            f"Align {counted(n, 'hit')}", icon=":material/view_in_ar:", key="pose-go"
        )
        if made is not None and ready:
            st.download_button(
                f"sdf, {counted(n, 'aligned pose')}", made[1], f"{name}.sdf",
                "chemical/x-mdl-sdfile", icon=":material/download:", key="take-sdf",
                on_click="ignore",
            )  # fmt: skip
    if ready:
        return
    st.caption(told(n, len(rows), n * _pace()["seconds"]))
    if go:
        st.session_state[MADE] = (asked, _make(rows.head(n), result))
        st.rerun()


def _number(most: int) -> int:
    if most == 1:
        return 1
    if int(st.session_state.get("pose-count") or 1) > most:  # chosen while more hits were shown
        del st.session_state["pose-count"]
    chosen = st.number_input(
        "Aligned poses (sdf)", 1, most, min(USUAL, most), key="pose-count", width=190,
        help="The first hits in the order shown, each laid over its nearest query.",
    )  # fmt: skip
    return int(chosen)


def told(n: int, of: int, seconds: float) -> str:
    """Say how many of the hits get poses, and how long that takes."""
    share = f"The first {n:,} of {counted(of, 'hit')}" if n < of else "All hits shown"
    more = "; raise the number for more" if n < of else ""
    return f"{share} would be laid over the query, in about {duration(seconds)}{more}."


def duration(seconds: float) -> str:
    """Time in words, coarse as an estimate should be."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


def _make(rows: pd.DataFrame, result: Result) -> bytes:
    bar = st.progress(0.0, "Aligning …")
    began = time.monotonic()

    def show(share: float) -> None:
        left = (time.monotonic() - began) * (1 - share) / share
        done = round(share * len(rows))
        bar.progress(share, f"{done:,} of {len(rows):,} aligned · about {duration(left)} left")

    found = downloads.sdf_bytes(rows, result, show, most=len(rows))
    _pace()["seconds"] = (time.monotonic() - began) / len(rows)
    return found
