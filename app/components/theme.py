"""Look and words that all pages share."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from app.components import drawing
from molsearch import __version__

ICON = str(Path(__file__).resolve().parents[1] / "static" / "icon.svg")
# Colours by meaning, of middle brightness: they stand on light and dark pages alike.
SCORE, ECFP4, QUERY, NEW, MUTED = "#2a9db8", "#d9822b", "#e5484d", "#2f9e62", "#8a94a0"

_CSS = """
<style>
.block-container { padding-top: 4rem; padding-bottom: 3rem; max-width: 1500px; }
.ms-muted { opacity: .68; }
.ms-lead { opacity: .75; margin: -.5rem 0 .6rem; max-width: 62rem; }
.ms-chips { display: flex; flex-wrap: wrap; gap: .6rem; }
.ms-chip { border: 1px solid color-mix(in srgb, currentColor 16%, transparent);
  border-radius: .6rem; padding: .35rem .6rem .45rem; width: 190px; overflow: hidden; }
.ms-chip img { width: 100%; height: 108px; display: block; }
.ms-chip b { display: block; font-size: .86rem; font-weight: 600; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; }
.ms-chip small { opacity: .65; font-size: .75rem; display: block; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; }
.ms-chip.bad { border-color: #e5484d; width: 280px; }
.ms-chip.bad small { white-space: normal; opacity: .9; }
.ms-facts { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; margin: 0 0 .3rem; }
.ms-facts span { white-space: nowrap; } .ms-facts i { font-style: normal; opacity: .62;
  margin-right: .35rem; }
.ms-empty { text-align: center; padding: 3.2rem 1rem; border: 1px dashed
  color-mix(in srgb, currentColor 22%, transparent); border-radius: .8rem; margin: 1rem 0; }
.ms-empty h3 { margin: 0 0 .3rem; padding: 0; } .ms-empty p { opacity: .7; margin: 0; }
.ms-card { border: 1px solid color-mix(in srgb, currentColor 16%, transparent);
  border-radius: .6rem; padding: .5rem .7rem .6rem; height: 100%; }
.ms-card img { width: 100%; height: 150px; display: block; }
.ms-pair { display: flex; gap: .5rem; } .ms-pair figure { margin: 0; flex: 1; min-width: 0; }
.ms-pair img, .ms-radar img { width: 100%; display: block; }
.ms-pair figcaption { font-size: .82rem; opacity: .7; }
.ms-foot { margin-top: 2.5rem; font-size: .82rem; opacity: .6; }
.ms-card .top { display: flex; justify-content: space-between; gap: .5rem; font-size: .84rem; }
.ms-card .top b { font-weight: 600; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.ms-card .foot { font-size: .78rem; opacity: .78; display: flex; flex-wrap: wrap;
  gap: 0 .7rem; align-content: flex-start; }
/* Narrow cards wrap their badges: all of a row keep the same height, so that buttons line up. */
@media (max-width: 1420px) { .st-key-grid .ms-card .foot { min-height: 5.25rem; } }
.ms-badge { border-radius: 1rem; padding: .02rem .5rem; font-size: .74rem; white-space: nowrap;
  border: 1px solid currentColor; }
.ms-badge.new { color: #2f9e62; } .ms-badge.query { color: #e5484d; }
.ms-badge.alert { color: #b58105; }
.ms-props { width: 100%; font-size: .86rem; border-collapse: collapse; }
.ms-props td { padding: .16rem .3rem .16rem 0; border-bottom: 1px solid
  color-mix(in srgb, currentColor 10%, transparent); }
.ms-props td:first-child { opacity: .65; white-space: nowrap; width: 34%; }
.ms-props td { overflow-wrap: anywhere; }
.ms-stage { display: flex; justify-content: space-between; font-size: .9rem; }
.ms-wait { height: .4rem; border-radius: .3rem; overflow: hidden; margin: .55rem 0 .35rem;
  background: color-mix(in srgb, currentColor 9%, transparent); }
.ms-wait::before { content: ""; display: block; height: 100%; width: 30%; border-radius: .3rem;
  background: #2a9db8; animation: ms-wait 1.6s ease-in-out infinite alternate; }
@keyframes ms-wait { from { margin-left: 0; } to { margin-left: 70%; } }
@media (prefers-reduced-motion: reduce) { .ms-wait::before { animation: none; width: 100%;
  opacity: .4; } }
</style>
"""


def style() -> None:
    """Put the shared style on the page."""
    st.html(_CSS)


def footer() -> None:
    """Say below every page what a score is."""
    st.html(
        f"<div class='ms-foot'>molsearch {__version__} · A score is a reason to look at a "
        "molecule, never a measured activity.</div>"
    )


def is_dark() -> bool:
    """Say whether the viewer's theme is dark."""
    return st.context.theme.type == "dark"


def structure(smiles: str, align_to: str | None = None) -> str:
    """Draw a structure as HTML for the viewer's theme."""
    return drawing.tag(smiles, align_to, dark=is_dark())


def heading(title: str, lead: str) -> None:
    """Show a page's title and the sentence that says what it is for."""
    st.title(title, anchor=False)
    st.html(f"<p class='ms-lead'>{html.escape(lead)}</p>")


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Show labels and values in one line."""
    st.html(facts_html(pairs))


def facts_html(pairs: Iterable[tuple[str, object]]) -> str:
    """Labels and values as HTML, escaped."""
    spans = [
        f"<span><i>{html.escape(label)}</i>{html.escape(str(value))}</span>"
        for label, value in pairs
    ]
    return f"<div class='ms-facts'>{''.join(spans)}</div>"


def empty(title: str, text: str) -> None:
    """Show that there is nothing yet, and what would change that."""
    st.html(f"<div class='ms-empty'><h3>{html.escape(title)}</h3><p>{html.escape(text)}</p></div>")


def number(value: float | None, digits: int = 2) -> str:
    """Format a number; a dash where there is none."""
    return "–" if value is None or value != value else f"{value:,.{digits}f}"


def unmarked(text: str) -> str:
    """Escape Markdown, so that a name is shown as it is."""
    return "".join(f"\\{one}" if one in "\\`*_{}[]<>()#+-!|:$~^" else one for one in text)


def ago(when: float, now: float | None = None) -> str:
    """Say how long ago something was."""
    seconds = max(0.0, (time.time() if now is None else now) - when)
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            n = int(seconds // size)
            return f"{n} {word}{'s' if n > 1 else ''} ago"
    return "just now"
