"""Look and words that all pages share."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from molsearch import __version__
from molsearch.words import counted
from molsearch_app.components import drawing

ICON = str(Path(__file__).resolve().parents[1] / "static" / "icon.svg")
# Colours by meaning, of middle brightness: they stand on light and dark pages alike.
SCORE, ECFP4, QUERY, NEW, MUTED = "#2a9db8", "#d9822b", "#e5484d", "#2f9e62", "#8a94a0"
SERIES = "#8e6bbf"
RARITY = "#3f9c8f"

_STYLE = Path(__file__).resolve().parents[1] / "static" / "style.css"


def style() -> None:
    """Put the shared style on the page, and its scheme on what floats above it."""
    st.html(_STYLE)
    # Popovers lie outside the part of the page that Streamlit gives its scheme.
    st.html(f"<style>:root {{ color-scheme: {'dark' if is_dark() else 'light'}; }}</style>")


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


def problem(error: object) -> None:
    """Show what is wrong, in words that may hold names of the user's: they stay as they are."""
    st.error(unmarked(str(error)), icon=":material/error:")


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
            return f"{counted(n, word)} ago"
    return "just now"
