"""The foot of the Results page: shortlist, files to take away, how to repeat the run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from molsearch import schema
from molsearch.words import counted
from molsearch_app import jobs, places
from molsearch_app.components import downloads, poses, shortlist
from molsearch_app.components.hits import Result
from molsearch_app.guard import TooLongError
from molsearch_app.jobs import AppRun

_EDITOR = "shortlist-editor"
# What tells the files of one run apart.
_NAMED = {"what is shown": "-shown", "the shortlist": "-shortlist", "all hits": "-all"}
_FIXED = [schema.RANK, schema.MOLECULE_ID, schema.SCORE]


@dataclass(frozen=True)
class _Editor:
    """Editor of the notes, as one session has it.

    It keeps its edits by row, and lays them over whatever it is given. So it is given the same
    notes for as long as it lives, and does not outlive a change that was not made in it: its edits
    would come back over a later note, or onto the hit that has moved to that row.
    """

    key: str
    run_id: str
    given: dict[int, str]
    notes: dict[int, str]


def kept(job: AppRun, result: Result) -> pd.DataFrame:
    """Show the shortlist, with notes to edit; returns its rows."""
    notes = shortlist.read(job)
    rows = shortlist.rows(result.frame, notes)
    st.subheader(f"Shortlist ({len(rows)})", anchor=False)
    if rows.empty:
        st.caption("Nothing yet: tick rows of the table, or press **Add to shortlist** at a hit.")
        return rows
    editor = _editor(job, notes)
    shown = rows[_FIXED].copy()
    shown[shortlist.NOTE] = [editor.given[number] for number in rows.index]
    st.data_editor(
        shown,
        hide_index=True,
        disabled=_FIXED,
        column_config={
            schema.RANK: st.column_config.Column("#"),
            schema.MOLECULE_ID: st.column_config.Column("Id"),
            schema.SCORE: st.column_config.NumberColumn("Score", format="%.3f"),
            shortlist.NOTE: st.column_config.TextColumn("Note", width="large", max_chars=500),
        },
        key=editor.key,
        on_change=_noted,
        args=(job, editor, [int(number) for number in rows.index]),
    )
    return rows


def _editor(job: AppRun, notes: dict[int, str]) -> _Editor:
    """Return the editor of a shortlist: a new one whenever the list was changed elsewhere."""
    last: _Editor | None = st.session_state.get(_EDITOR)
    if last is not None and (last.run_id, last.notes) == (job.run_id, notes):
        return last
    key = f"{_EDITOR}-{secrets.token_hex(4)}"
    new = _Editor(key, job.run_id, given=notes, notes=notes)
    st.session_state[_EDITOR] = new
    return new


def _noted(job: AppRun, editor: _Editor, numbers: list[int]) -> None:
    """Take over what was just edited, and only that: the editor repeats its earlier edits."""
    notes = dict(editor.given)
    for row, edit in st.session_state[editor.key]["edited_rows"].items():
        notes[numbers[row]] = str(edit.get(shortlist.NOTE) or "")
    fresh = {number: note for number, note in notes.items() if note != editor.notes[number]}
    shortlist.annotate(job, fresh)
    st.session_state[_EDITOR] = dataclasses.replace(editor, notes=notes)


def files(job: AppRun, result: Result, rows: pd.DataFrame, short: pd.DataFrame) -> None:
    """Offer the list as files."""
    st.subheader("Take away", anchor=False)
    choices = {"what is shown": rows, "the shortlist": short, "all hits": result.frame}
    # Always all three: a choice that is gone for a moment would leave for another by itself.
    which = st.radio("Rows", list(choices), horizontal=True, key="take-rows")
    chosen = choices[which]
    if len(short) and chosen is not short:
        chosen = shortlist.annotated(chosen, shortlist.read(job))
    chosen = chosen.reset_index(drop=True)
    name = downloads.file_name(job.title, _NAMED[which])
    count = st.empty()  # filled after the buttons: who reads it presses the right ones
    guarded = st.toggle(
        "Guard the csv for spreadsheets", key="take-guard",
        help="Puts an apostrophe before text that a spreadsheet would run as a formula (it begins "
        "with = + - or @ and is no number). Off, every id and value is verbatim.",
    )  # fmt: skip
    # Bytes rather than callables: a file built at the click is lost where the page runs again
    # meanwhile. The key follows the rows, so that a click never takes another choice's file.
    key = _key(job, chosen)
    files = (
        ("csv", f"csv-{guarded}", "csv", "text/csv",
         lambda: downloads.csv_bytes(chosen, excel_safe=guarded)),
        ("parquet", "parquet", "parquet", None,
         lambda: downloads.parquet_bytes(chosen, result.types)),
        ("HTML report", "html", "html", "text/html", lambda: _page(chosen, result)),
    )  # fmt: skip
    with st.container(horizontal=True):
        for label, kind, suffix, mime, make in files:
            content = ready(f"{kind}-{key}", make) if len(chosen) else b""
            st.download_button(
                label, content, f"{name}.{suffix}", mime, icon=":material/download:",
                key=f"take-{kind}-{key}", on_click="ignore", disabled=not content,
                help=None if content or chosen.empty else "It takes longer than a page may.",
            )  # fmt: skip
    count.caption(counted(len(chosen), "hit"))
    if len(chosen):
        poses.offer(chosen, result, name)


def _page(rows: pd.DataFrame, result: Result) -> bytes:
    """Page of hits; empty where its drawings take too long."""
    try:
        return downloads.html_bytes(rows, result)
    except TooLongError:
        return b""


def _key(job: AppRun, rows: pd.DataFrame) -> str:
    """Name the file that these rows of this run make: their order, columns and notes count."""
    digest = hashlib.sha256(repr((job.run_id, list(rows.columns))).encode())
    digest.update(rows[schema.RECORD_NUMBER].to_numpy().tobytes())
    if shortlist.NOTE in rows:
        digest.update(repr(rows[shortlist.NOTE].tolist()).encode())
    return digest.hexdigest()[:16]


@st.cache_data(max_entries=48, show_spinner=False)
def ready(key: str, _make: Callable[[], bytes]) -> bytes:
    """Make a file to take away, once for a key that names its content."""
    return _make()


def reproduce(job: AppRun, status: jobs.Status) -> None:
    """Show the command line of the run, and its requests."""
    with st.expander("Reproduce this run", icon=":material/terminal:"):
        st.caption("In a terminal:")
        st.code(_named(str(job.meta.get("reproduce", ""))), language="bash", wrap_lines=True)
        st.caption("Exactly what ran here: `molsearch run FILE` runs such a request again.")
        for step in job.steps:
            if step.request is not None:
                took = status.seconds.get(step.label, 0)
                st.caption(f"{step.label}, {took:.1f} s")
                st.code(_named(json.dumps(step.request, indent=1)), language="json")


def _named(text: str) -> str:
    """Leave out where the folders lie on a server that others use: it is nothing to them."""
    if places.is_shared():
        for root in places.roots():
            text = text.replace(f"{root}/", "")
    return text
