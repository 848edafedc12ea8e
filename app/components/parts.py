"""What a score is made of: its components as small bars, and the score for each query."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from molsearch import schema
from molsearch.errors import UsageError
from molsearch.scoring.default import BALANCED, RARITY
from molsearch.scoring.fusion import FUSIONS, Fusion
from molsearch.scoring.ranking import MOLSEARCH, SERIES, STORED, Ranking, ranking_of
from molsearch_app.components import theme
from molsearch_app.components.hits import Result

OWN, _BEST = "own", "best"
_CHOICES = {
    BALANCED: "encoder, ECFP4 and rarity together",
    MOLSEARCH: "the encoder alone",
    STORED: "ECFP4 alone",
    OWN: "weights of my own",
}
_FUSIONS: dict[str, str] = {
    "max": "the nearest one",
    "top2": "the mean of the nearest two",
    "mean": "the mean of all",
}
# Component: its column of the hit list, what it is called, its colour.
_PARTS = {
    MOLSEARCH: (schema.MOLSEARCH_SCORE, "encoder", theme.SCORE),
    STORED: (schema.ECFP4_SCORE, "ECFP4", theme.ECFP4),
    RARITY: (schema.RARITY_SCORE, "rarity", theme.RARITY),
    SERIES: (schema.SERIES_SCORE, "series model", theme.SERIES),
}
_MOST_QUERIES = 50


@dataclass(frozen=True)
class Part:
    """One component of a score.

    Attributes
    ----------
    column
        Where the hit list holds it.
    weight
        What it is multiplied by.
    """

    column: str
    name: str
    colour: str
    weight: float


def parts(result: Result) -> list[Part]:
    """List the components of a run's scores; none where one alone makes the score."""
    told = (result.account.get("ranking") or {}).get("components") or []
    found = [
        Part(*_PARTS[one["name"]], float(one["weight"])) for one in told if one["name"] in _PARTS
    ]
    return [part for part in found if part.column in result.frame] if len(found) > 1 else []


def bar(hit: Mapping[str, Any], of: Sequence[Part]) -> str:
    """Draw what each component adds to a hit's score, as HTML; empty where there is but one."""
    if not of:
        return ""
    most = sum(part.weight for part in of)
    pieces, words = [], []
    for part in of:
        value = float(hit[part.column])
        times = "" if part.weight == 1 else f"{part.weight:g} × "
        words.append(f"{part.name} {times}{theme.number(value)}")
        share = 100 * part.weight * min(max(value, 0.0), 1.0) / most if value == value else 0.0
        pieces.append(f"<i style='width:{share:.1f}%;background:{part.colour}'></i>")
    told = html.escape(" + ".join(words), quote=True)
    head = f"<div class='ms-parts' role='img' aria-label='{told}' title='{told}'>"
    return f"{head}{''.join(pieces)}</div>"


def legend(of: Sequence[Part]) -> str:
    """Name the colours of the bars, as HTML."""
    names = [
        f"<span><i style='background:{part.colour}'></i>{html.escape(part.name)}"
        + (f" × {part.weight:g}" if part.weight != 1 else "")
        + "</span>"
        for part in of
    ]
    return f"<div class='ms-legend'>{''.join(names)}</div>" if names else ""


def each_query(hit: Mapping[str, Any], result: Result) -> str:
    """Draw the score that each query alone would give a hit, best first, as HTML."""
    number = int(hit[schema.RECORD_NUMBER])
    if result.each is None or number not in result.each.index:
        return ""
    scores = result.each.loc[number]
    names = [query["id"] for query in result.queries]
    if len(scores) != len(names):
        return ""
    top = max(1.0, sum(part.weight for part in parts(result)))
    ordered = sorted(zip(scores, names, strict=True), key=lambda pair: -pair[0])
    rows = [
        f"<tr><td title='{html.escape(name, quote=True)}'>{html.escape(name)}</td>"
        f"<td><div class='ms-parts'><i style='width:{100 * min(max(score, 0), top) / top:.1f}%;"
        f"background:{theme.SCORE}'></i></div></td><td>{score:.3f}</td></tr>"
        for score, name in ordered[:_MOST_QUERIES]
    ]
    return f"<table class='ms-each'>{''.join(rows)}</table>"


def choose(n_queries: int) -> tuple[str, Fusion | None]:
    """Let the user say what ranks; returns an expression, and how queries are fused.

    Parameters
    ----------
    n_queries
        How many queries there are, by which what `balanced` stands for is told.
    """
    left, right = st.columns(2, vertical_alignment="bottom")
    chosen = left.selectbox(
        "Ranked by", list(_CHOICES), format_func=_CHOICES.__getitem__, key="opt-rank"
    )
    said = right.selectbox(
        "Several queries count by",
        [_BEST, *_FUSIONS],
        format_func=lambda one: _FUSIONS.get(one, "what ranks best"),
        key="opt-fusion",
    )
    how = next((one for one in FUSIONS if one == said), None)
    asked = chosen
    if chosen == OWN:
        asked = st.text_input(
            "Weights", "4*molsearch+ecfp4", key="opt-rank-own", max_chars=200,
            help="Components joined by +, each with a weight before it and, for several queries, "
            "-max, -mean or -top2 behind: 4*molsearch-top2+ecfp4-max.",
        )  # fmt: skip
    try:
        st.caption(f"Score: {theme.unmarked(resolve(asked, n_queries, how).words())}")
    except UsageError as error:
        theme.problem(_on_the_page(error))
    return asked, how


def resolve(asked: str, n_queries: int, fusion: Fusion | None) -> Ranking:
    """Read a ranking as a screen with so many queries would.

    Raises
    ------
    UsageError
        It cannot be read, or names what no index holds.
    """
    return ranking_of(asked, max(1, n_queries), fusion=fusion, rarity=True)


def _on_the_page(error: UsageError) -> str:
    return str(error).removeprefix("--rank ")
