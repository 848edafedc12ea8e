"""One hit, looked at: structure, overlay, properties, and the shortlist."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from molsearch import schema
from molsearch.chem.prepare import prepare_record
from molsearch.config import PrepareConfig
from molsearch.schema import Failure, Record
from molsearch.view import hit as view
from molsearch.view.hit import title_of
from molsearch_app.components import drawing, parts, radar, reasons, shortlist, theme, viewer
from molsearch_app.components.hits import Result
from molsearch_app.components.parts import Part
from molsearch_app.jobs import AppRun


@st.cache_data(max_entries=200, show_spinner=False)
def properties(smiles: str) -> dict[str, float]:
    """Properties of a query."""
    found = prepare_record(
        Record(1, "query", 1, "query", smiles=smiles), PrepareConfig(n_conformers=0)
    )
    if isinstance(found, Failure):
        return {}
    return {name: float(getattr(found, name)) for name in schema.PROPERTIES}


def badges(hit: Mapping[str, Any], *, flat: bool = False) -> str:
    """Name what sets a hit apart, as HTML; `flat` where no hit of its list has a geometry."""
    found = []
    for one in view.badges(hit, flat=flat):
        title = html.escape(one.title, quote=True)
        kind = f" {one.kind}" if one.kind else ""
        found.append(f"<span class='ms-badge{kind}' title='{title}'>{html.escape(one.text)}</span>")
    return " ".join(found)


def card(
    hit: Mapping[str, Any], template: str | None, of: Sequence[Part] = (), *, flat: bool = False
) -> str:
    """Draw a hit as a card; everything of the user's is escaped.

    Parameters
    ----------
    of
        What its score is made of.
    flat
        Whether no hit of its list has a geometry.
    """
    name = html.escape(title_of(hit)[0])
    similarity = theme.number(float(hit[schema.ECFP4_SIMILARITY]))
    return (
        f"<div class='ms-card'><div class='top'><b title='{name}'>{hit[schema.RANK]} · {name}</b>"
        f"<span>{theme.number(float(hit[schema.SCORE]), 3)}</span></div>"
        f"{parts.bar(hit, of)}{theme.structure(str(hit[schema.PARENT_SMILES]), template)}"
        f"<div class='foot'><span>ECFP4 {similarity}</span><span>MW {hit['mw']:.0f}</span>"
        f"<span>cLogP {hit['clogp']:.1f}</span>{badges(hit, flat=flat)}</div></div>"
    )


def facts(hit: Mapping[str, Any], result: Result) -> str:
    """Table of what is known of a hit, as HTML; everything of the user's is escaped."""
    rows: list[tuple[str, object]] = [
        ("Id", hit[schema.MOLECULE_ID]),
        ("Nearest query", hit[schema.QUERY_ID]),
        *_of_inactives(hit, result),
        *(
            (f"Score by {one.name}", theme.number(hit[one.column], 3))
            for one in parts.parts(result)
        ),
        ("Above background", f"{theme.number(float(hit[schema.PERCENTILE]))} %"),
        ("Alerts", hit[schema.ALERTS] or "none"),
        ("Open stereocentres", hit[schema.UNSPECIFIED_STEREO]),
        ("Parent", hit[schema.PARENT_SMILES]),
        *((name, hit[name]) for name in result.user_columns if pd.notna(hit[name])),
        ("From", f"{hit[schema.SOURCE]}".rsplit("/", 1)[-1]),
    ]
    cells = "".join(
        f"<tr><td>{html.escape(str(label))}</td><td>{html.escape(str(value))}</td></tr>"
        for label, value in rows
        if str(value) != ""
    )
    return f"<table class='ms-props'>{cells}</table>"


def _of_inactives(hit: Mapping[str, Any], result: Result) -> list[tuple[str, object]]:
    """Name the known inactive nearest to a hit."""
    if not result.has_inactives:
        return []
    near = f"{hit[schema.INACTIVE_ID]}, score {theme.number(float(hit[schema.INACTIVE_SCORE]), 3)}"
    return [("Nearest inactive", near)]


def panel(job: AppRun, result: Result, hit: Mapping[str, Any]) -> None:
    """Show a hit beside the list."""
    query = result.query_of(hit)
    number, made = int(hit[schema.RECORD_NUMBER]), parts.parts(result)
    told = badges(hit, flat=view.is_flat(result.frame))
    with st.container(border=True, key="hit-panel"):
        st.html(
            f"<div class='ms-card' style='border:0;padding:0'><div class='top'>"
            f"<b style='font-size:1.1rem'>{hit[schema.RANK]} · {html.escape(title_of(hit)[0])}</b>"
            f"<span>score {float(hit[schema.SCORE]):.3f} · ECFP4 "
            f"{float(hit[schema.ECFP4_SIMILARITY]):.2f}</span></div>"
            f"{parts.bar(hit, made)}{parts.legend(made)}{told}</div>"
        )
        _keep(job, number)
        what = st.segmented_control(
            "Show", ["2D", "3D overlay", "Why", "Properties"], default="3D overlay",
            label_visibility="collapsed", key="detail-view", required=True,
        )  # fmt: skip
        if what == "3D overlay":
            viewer.show(query, str(hit[schema.PARENT_SMILES]), title_of(hit)[0])
        elif what == "Why":
            reasons.show(job, str(hit[schema.PARENT_SMILES]), title_of(hit)[0])
        elif what == "2D":
            drawn = theme.structure(str(hit[schema.PARENT_SMILES]), query)
            st.html(
                f"<div class='ms-pair'><figure>{drawn}<figcaption>hit</figcaption></figure>"
                f"<figure>{theme.structure(query)}<figcaption>query</figcaption></figure></div>"
            )
        else:
            picture = drawing.as_url(radar.radar(hit, properties(query)), dark=theme.is_dark())
            words = "Radar plot of the properties of the hit and of its nearest query"
            st.html(f"<div class='ms-radar'><img src='{picture}' alt='{words}'></div>")
            st.caption(f"Filled: the hit. Dashed: its nearest query. Outer ring: {radar.RING}.")
        if each := parts.each_query(hit, result):
            with st.expander("Its score for each query", expanded=True):
                st.html(each)
        with st.expander("All that is known of it"):
            st.html(facts(hit, result))


def _keep(job: AppRun, number: int) -> None:
    """Offer to keep a hit, with a note.

    The list is changed by callbacks: Streamlit runs these before the page, and so also where the
    next press (often on another hit, right after a note) cuts that run of the page short.
    """
    kept = shortlist.read(job)
    if number not in kept:
        st.button(
            "Add to shortlist", icon=":material/bookmark_add:", key=f"keep-{number}",
            on_click=_added, args=(job, number),
        )  # fmt: skip
        return
    row = st.container(horizontal=True, vertical_alignment="bottom")  # it wraps where it is narrow
    field = f"note-{number}"
    if st.session_state.get(field) != kept[number]:  # new here, or noted elsewhere meanwhile
        st.session_state[field] = kept[number]
    row.text_input(
        "Note", key=field, placeholder="Why keep it?", max_chars=500,
        on_change=_noted, args=(job, number, field),
    )  # fmt: skip
    row.button(
        "Remove", key=f"drop-{number}", width="content", on_click=shortlist.remove,
        args=(job, number),
    )  # fmt: skip


def _added(job: AppRun, number: int) -> None:
    shortlist.add(job, [number])


def _noted(job: AppRun, number: int, field: str) -> None:
    shortlist.annotate(job, {number: str(st.session_state[field])})
