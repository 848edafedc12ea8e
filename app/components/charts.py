"""Plots of a hit list and of a library, as Altair charts."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from molsearch import schema
from molsearch.view.hit import NEW_BELOW, new_ones, records, title_of
from molsearch_app.components import theme, umap

PICK = "pick"
_MOST = 5000
_TIP = ["rank", "molecule", "score", "ECFP4"]
_OTHERS = ("#8e6bbf", "#b4767c", "#b59a3c", "#5b7fbf", "#6f8f6a", "#8a94a0")
_DASHES = ([1, 0], [6, 3], [2, 2])
PROPERTIES = (
    ("mw", "Molecular weight"), ("clogp", "cLogP"), ("tpsa", "TPSA"),
    ("heavy_atoms", "Heavy atoms"), ("hbd", "Donors"), ("rotatable_bonds", "Rotatable bonds"),
)  # fmt: skip


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns that a plot of hits needs, at most `_MOST` of the best."""
    best = rows.nsmallest(_MOST, schema.RANK)
    kind = pd.Series("hit", index=best.index)
    kind[new_ones(best)] = "new by fingerprint"
    kind[best[schema.IS_QUERY].astype(bool)] = "the query itself"
    return pd.DataFrame(
        {
            "record": best[schema.RECORD_NUMBER],
            "rank": best[schema.RANK],
            "molecule": [title_of(row)[0] for row in records(best)],
            "score": best[schema.SCORE].round(4),
            "ECFP4": best[schema.ECFP4_SIMILARITY].round(3),
            "kind": kind,
        }
    )


def _colours(kinds: list[str], colours: list[str]) -> Any:
    return alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=colours),
        legend=alt.Legend(orient="top", title=None, symbolOpacity=1),
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


def space(
    chart: pd.DataFrame, rows: pd.DataFrame, focus: int | None, *, by_umap: bool = False
) -> Any:
    """Map of the library, in the encoder's principal axes or by UMAP; a click picks a hit."""
    known = points(rows).set_index("record")
    data = chart[chart["kind"].ne("hit") | chart[schema.RECORD_NUMBER].isin(known.index)].copy()
    data = data.rename(columns={schema.RECORD_NUMBER: "record"})
    facts = known.drop(columns=["kind"]).reindex(data["record"])
    for name in ("rank", "molecule", "score", "ECFP4"):
        data[name] = facts[name].to_numpy()
    data["molecule"] = data["molecule"].fillna(data["name"])
    x, y = _map_axes(chart, by_umap=by_umap)
    kinds = ["library", "hit", "query"]
    colours = [theme.MUTED, theme.SCORE, theme.QUERY]
    base = alt.Chart(data).encode(x=x, y=y, color=_colours(kinds, colours))
    library = base.transform_filter("datum.kind == 'library'").mark_circle(size=14, opacity=0.5)
    hits = (
        base.transform_filter("datum.kind == 'hit'")
        .mark_circle()
        .encode(
            tooltip=_TIP,
            opacity=alt.Opacity("score:Q", scale=alt.Scale(range=[0.35, 1]), legend=None),
            size=alt.condition(alt.datum.record == (focus or -1), alt.value(240), alt.value(42)),
        )
        .add_params(_pick())
    )
    queries = (
        base.transform_filter("datum.kind == 'query'")
        .mark_point(
            shape="diamond", size=190, filled=True, opacity=1, stroke="white", strokeWidth=1.2
        )
        .encode(tooltip=["molecule"])
    )
    return (library + hits + queries).properties(height=520)


def _map_axes(chart: pd.DataFrame, *, by_umap: bool) -> tuple[Any, Any]:
    if by_umap:  # its distances have no unit, and its axes no meaning
        bare = alt.Axis(labels=False, ticks=False)
        titles = ("UMAP, first axis", "UMAP, second axis")
        x, y = (
            alt.X(f"{umap.COLUMNS[0]}:Q", title=titles[0], axis=bare, scale=alt.Scale(zero=False)),
            alt.Y(f"{umap.COLUMNS[1]}:Q", title=titles[1], axis=bare, scale=alt.Scale(zero=False)),
        )
        return x, y
    share_x, share_y = (100 * float(chart[name].to_numpy()[0]) for name in ("share_x", "share_y"))
    return (
        alt.X("x:Q", title=f"First axis ({share_x:.0f} % of the variance)"),
        alt.Y("y:Q", title=f"Second axis ({share_y:.0f} %)"),
    )


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


def library_space(points: pd.DataFrame, column: str, label: str) -> Any:
    """Map of a library, coloured by one of its properties; outliers do not stretch the colours."""
    low, high = points[column].quantile([0.02, 0.98])
    return (
        alt.Chart(points)
        .mark_circle(size=26, opacity=0.75)
        .encode(
            x=alt.X("x:Q", title="First axis"),
            y=alt.Y("y:Q", title="Second axis"),
            color=alt.Color(
                f"{column}:Q",
                title=label,
                scale=alt.Scale(scheme="viridis", clamp=True, domain=[low, high]),
            ),
            tooltip=["molecule", "mw", "clogp", "tpsa"],
        )
        .properties(height=460)
    )


def pairs(values: pd.DataFrame, method: str, baseline: str) -> Any:
    """Each target's BEDROC by a method against the baseline's."""
    data = values[[baseline, method]].dropna().rename(columns={baseline: "base", method: "ours"})
    data = data.rename_axis("target").reset_index()
    data["better"] = (data["ours"] > data["base"]).map({True: method, False: baseline})
    dots = (
        alt.Chart(data)
        .mark_circle(size=70, opacity=0.8)
        .encode(
            x=alt.X("base:Q", title=f"BEDROC(80.5) of {baseline}", scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("ours:Q", title=f"BEDROC(80.5) of {method}", scale=alt.Scale(domain=[0, 1])),
            color=alt.Color(
                "better:N",
                title="better",
                scale=alt.Scale(domain=[method, baseline], range=[theme.SCORE, theme.ECFP4]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["target", alt.Tooltip("ours:Q", title=method, format=".3f"),
                     alt.Tooltip("base:Q", title=baseline, format=".3f")],
        )
    )  # fmt: skip
    line = (
        alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]}))
        .mark_line(color=theme.MUTED, strokeDash=[5, 4])
        .encode(x="x:Q", y="y:Q")
    )
    return (line + dots).properties(height=420)


def method_colours(methods: list[str]) -> list[str]:
    """Colour of each method, the same on every plot: ours, the baseline, both, then all others."""
    known = {"molsearch": theme.SCORE, "ecfp4": theme.ECFP4, "ecfp4+molsearch": theme.NEW}
    others = [name for name in methods if name not in known]
    return [known.get(name) or _OTHERS[others.index(name) % len(_OTHERS)] for name in methods]


def _wrapped(names: list[str]) -> Any:
    """Legend below a chart, in as many lines as its names need: in one they would be cut."""
    return alt.Legend(orient="bottom", columns=_columns(names), labelLimit=0, title=None)


def _columns(names: list[str]) -> int:
    """Columns of a legend that has room on a telephone too."""
    return 2 if max(map(len, names), default=0) <= 14 else 1


def _dashes(colours: list[str]) -> list[list[int]]:
    """Tell methods of one colour apart: the first is drawn through, the others are dashed."""
    before = [colours[:place].count(colour) for place, colour in enumerate(colours)]
    return [_DASHES[number % len(_DASHES)] for number in before]


def curves(data: pd.DataFrame, x: str, y: str) -> Any:
    """Mean curves of all methods, on a logarithmic axis: the early part is what is bought."""
    methods = list(data["method"].unique())
    colours = method_colours(methods)
    legend = _wrapped(methods)
    lines = -(-len(methods) // _columns(methods))
    return (
        alt.Chart(data)
        .mark_line(strokeWidth=2.2)
        .encode(
            x=alt.X("x:Q", title=x, scale=alt.Scale(type="log", domain=[0.001, 1])),
            y=alt.Y("y:Q", title=y, scale=alt.Scale(domain=[0, 1])),
            color=alt.Color(
                "method:N",
                title=None,
                legend=legend,
                scale=alt.Scale(domain=methods, range=colours),
            ),
            strokeDash=alt.StrokeDash(
                "method:N",
                title=None,
                legend=legend,
                scale=alt.Scale(domain=methods, range=_dashes(colours)),
            ),
            tooltip=["method", alt.Tooltip("x:Q", format=".3f"), alt.Tooltip("y:Q", format=".3f")],
        )
        .properties(height=380 + 20 * lines)
    )
