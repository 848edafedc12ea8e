"""Plots of a hit list and of a library, as Altair charts."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from app.components import theme
from app.components.hits import NEW_BELOW, records, title
from molsearch import schema

PICK = "pick"
_MOST = 5000
_TIP = ["rank", "molecule", "score", "ECFP4"]
PROPERTIES = (
    ("mw", "Molecular weight"), ("clogp", "cLogP"), ("tpsa", "TPSA"),
    ("heavy_atoms", "Heavy atoms"), ("hbd", "Donors"), ("rotatable_bonds", "Rotatable bonds"),
)  # fmt: skip


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns that a plot of hits needs, at most `_MOST` of the best."""
    best = rows.nsmallest(_MOST, schema.RANK)
    kind = pd.Series("hit", index=best.index)
    kind[best[schema.ECFP4_SIMILARITY] < NEW_BELOW] = "new by fingerprint"
    kind[best[schema.IS_QUERY].astype(bool)] = "the query itself"
    return pd.DataFrame(
        {
            "record": best[schema.RECORD_NUMBER],
            "rank": best[schema.RANK],
            "molecule": [title(row) for row in records(best)],
            "score": best[schema.SCORE].round(4),
            "ECFP4": best[schema.ECFP4_SIMILARITY].round(3),
            "kind": kind,
        }
    )


def _colours(kinds: list[str], colours: list[str]) -> Any:
    return alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=colours),
        legend=alt.Legend(orient="top", title=None),
    )


def _pick() -> Any:
    return alt.selection_point(name=PICK, fields=["record"], on="click", empty=False)


def novelty(rows: pd.DataFrame, focus: int | None) -> Any:
    """Score against ECFP4 similarity; a click picks a hit."""
    data = points(rows)
    kinds = ["hit", "new by fingerprint", "the query itself"]
    dots = (
        alt.Chart(data)
        .mark_circle(size=52, opacity=0.75)
        .encode(
            x=alt.X("ECFP4:Q", title="ECFP4 similarity to the nearest query",
                    scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("score:Q", title="Score", scale=alt.Scale(zero=False)),
            color=_colours(kinds, [theme.SCORE, theme.NEW, theme.QUERY]),
            size=alt.condition(alt.datum.record == (focus or -1), alt.value(220), alt.value(46)),
            tooltip=_TIP,
        )
        .add_params(_pick())
    )  # fmt: skip
    line = (
        alt.Chart(pd.DataFrame({"x": [NEW_BELOW]}))
        .mark_rule(strokeDash=[5, 4], color=theme.MUTED)
        .encode(x="x:Q")
    )
    return (line + dots).properties(height=520)


def distribution(rows: pd.DataFrame, focus_score: float | None) -> Any:
    """Histogram of the scores, with the picked hit's place."""
    bars = (
        alt.Chart(points(rows))
        .mark_bar(opacity=0.9)
        .encode(
            x=alt.X("score:Q", bin=alt.Bin(maxbins=50), title="Score"),
            y=alt.Y("count()", title="Hits"),
            color=_colours(
                ["hit", "new by fingerprint", "the query itself"],
                [theme.SCORE, theme.NEW, theme.QUERY],
            ),
        )
    )
    if focus_score is None:
        return bars.properties(height=420)
    rule = (
        alt.Chart(pd.DataFrame({"x": [focus_score]}))
        .mark_rule(color=theme.QUERY, strokeWidth=2)
        .encode(x="x:Q")
    )
    return (bars + rule).properties(height=420)


def space(chart: pd.DataFrame, rows: pd.DataFrame, focus: int | None) -> Any:
    """Map of the library in the encoder's first two principal axes; a click picks a hit."""
    known = points(rows).set_index("record")
    data = chart[chart["kind"].ne("hit") | chart[schema.RECORD_NUMBER].isin(known.index)].copy()
    data = data.rename(columns={schema.RECORD_NUMBER: "record"})
    facts = known.drop(columns=["kind"]).reindex(data["record"])
    for name in ("rank", "molecule", "score", "ECFP4"):
        data[name] = facts[name].to_numpy()
    data["molecule"] = data["molecule"].fillna(data["name"])
    share_x, share_y = (100 * float(chart[name].to_numpy()[0]) for name in ("share_x", "share_y"))
    kinds = ["library", "hit", "query"]
    colours = [theme.MUTED, theme.SCORE, theme.QUERY]
    base = alt.Chart(data).encode(
        x=alt.X("x:Q", title=f"First axis ({share_x:.0f} % of the variance)"),
        y=alt.Y("y:Q", title=f"Second axis ({share_y:.0f} %)"),
        color=_colours(kinds, colours),
    )
    library = base.transform_filter("datum.kind == 'library'").mark_circle(size=14, opacity=0.35)
    hits = (
        base.transform_filter("datum.kind == 'hit'")
        .mark_circle(opacity=0.8)
        .encode(
            tooltip=_TIP,
            size=alt.condition(alt.datum.record == (focus or -1), alt.value(240), alt.value(42)),
        )
        .add_params(_pick())
    )
    queries = (
        base.transform_filter("datum.kind == 'query'")
        .mark_point(shape="diamond", size=190, filled=True, stroke="white", strokeWidth=1.2)
        .encode(tooltip=["molecule"])
    )
    return (library + hits + queries).properties(height=520)


def histogram(values: pd.Series, label: str) -> Any:
    """Histogram of one property of a library."""
    return (
        alt.Chart(pd.DataFrame({"value": values.to_numpy()}))
        .mark_bar(color=theme.SCORE, opacity=0.85)
        .encode(
            x=alt.X("value:Q", bin=alt.Bin(maxbins=32), title=label),
            y=alt.Y("count()", title=None),
        )
        .properties(height=170)
    )


def picked(event: Any) -> int | None:
    """Record number that a click on a chart picked."""
    try:
        return int(event["selection"][PICK][0]["record"])
    except (KeyError, IndexError, TypeError, ValueError):
        return None
