"""What each part of the method adds: committed results of the ablation by question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from molsearch import bundled
from molsearch.bench.report.markdown import LABELS, number
from molsearch.schema import NEW_BELOW
from molsearch.words import counted
from molsearch_app.components import theme

SCHEMA = 1
ECFP4 = "ECFP4"
METRICS = {
    "bedroc_80p5": LABELS["bedroc_80p5"],
    "novel_bedroc_80p5": "BEDROC on actives new by ECFP4",
    "auroc": LABELS["auroc"],
    "blend_bedroc_80p5": "BEDROC blended with ECFP4",
    "several_bedroc_80p5": "BEDROC, five queries",
    "several_blend_bedroc_80p5": "BEDROC, five queries, with ECFP4",
    "ranked_bedroc_80p5": "BEDROC, default ranking",
    "several_ranked_bedroc_80p5": "BEDROC, default ranking, five queries",
}
_ECFP4_OF = {
    "blend_bedroc_80p5": "bedroc_80p5",
    "several_blend_bedroc_80p5": "several_bedroc_80p5",
    "ranked_bedroc_80p5": "bedroc_80p5",
    "several_ranked_bedroc_80p5": "several_bedroc_80p5",
}
_FIRST = ("method", "geometry", "labels", "regularisation")
_HEAD = {"question", "title", "asks", "budget", "complete", "targets", "ecfp4", "variants"}
_COLOURS = [theme.SCORE, theme.QUERY, theme.NEW, theme.MUTED]
CAVEAT = (
    "± is the standard deviation over seeds; intervals (95 %) are over targets, paired with the "
    "row named, and do not cover the choice of the checkpoint on these targets. New by ECFP4: "
    f"similarity to the query below {NEW_BELOW}."
)


def folder() -> Path:
    """Folder of the committed results."""
    return bundled.path("results", "ablation")


def questions() -> dict[str, dict[str, Any]]:
    """Results by question; a file that is damaged or of another version is left out."""
    found = {}
    for path in sorted(folder().glob("*.json"), key=_place):
        try:
            record = json.loads(path.read_text())
            if record["schema"] == SCHEMA and record.keys() >= _HEAD and len(overview(record)):
                found[path.stem] = record
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _place(path: Path) -> tuple[int, str]:
    known = path.stem in _FIRST
    return (_FIRST.index(path.stem) if known else len(_FIRST), path.stem)


def told_of(record: dict[str, Any]) -> list[str]:
    """Figures that a record has; older ones know nothing of several queries or of rarity."""
    return [name for name in METRICS if all(name in one["mean"] for one in record["variants"])]


def overview(record: dict[str, Any]) -> pd.DataFrame:
    """Figures with their spread, and the difference to what a variant is held against."""
    labels = {one["name"]: one["label"] for one in record["variants"]}
    plain, told = record["ecfp4"]["mean"], told_of(record)
    first = {METRICS[name]: _number(plain.get(name), name) for name in told}
    rows = [{"Variant": ECFP4, "Seeds": "–", **first, "BEDROC, difference": "–", "Against": "–"}]
    for one in record["variants"]:
        difference = one["difference"]
        done, asked = len(one["runs"]), len(one["seeds"])
        rows.append(
            {
                "Variant": one["label"],
                "Seeds": str(done) if done == asked else f"{done} of {asked}",
                **{METRICS[name]: _spread(one, name) for name in told},
                "BEDROC, difference": _signed(difference["bedroc_80p5"]) if difference else "–",
                "Against": labels[difference["against"]] if difference else "–",
            }
        )
    return pd.DataFrame(rows)


def by_seed(record: dict[str, Any], metric: str) -> pd.DataFrame:
    """Figures in long form: variant, line, x, seed, value."""
    return pd.DataFrame(
        [
            {"variant": one["label"], "line": one["line"], "x": one["x"],
             "seed": str(run["seed"]), "value": run["mean"][metric]}
            for one in record["variants"] for run in one["runs"]
        ],
        columns=["variant", "line", "x", "seed", "value"],
    )  # fmt: skip


def plot(record: dict[str, Any], metric: str) -> Any:
    """Draw a dot a seed beside ECFP4's line; along the axis of a sweep, where it is one."""
    plain = record["ecfp4"]["mean"][_ECFP4_OF.get(metric, metric)]
    figures = by_seed(record, metric)
    rule = alt.Chart(pd.DataFrame({"value": [plain], "what": [ECFP4]})).mark_rule(
        color=theme.ECFP4, strokeDash=[5, 4], strokeWidth=1.6
    )
    tip = ["what", alt.Tooltip("value:Q", format=".3f")]
    scale = alt.Scale(zero=False, padding=12)
    if record.get("sweep"):
        y = alt.Y("value:Q", title=METRICS[metric], scale=scale)
        layers = (rule.encode(y=y, tooltip=tip), *_lines(record, figures, y))
        return alt.layer(*layers).properties(height=300)
    x = alt.X("value:Q", title=METRICS[metric], scale=scale)
    layers = (rule.encode(x=x, tooltip=tip), *_dots(record, figures, x))
    return alt.layer(*layers).properties(height=60 + 34 * len(record["variants"]))


def _dots(record: dict[str, Any], figures: pd.DataFrame, value: Any) -> tuple[Any, Any]:
    order = [one["label"] for one in record["variants"]]
    base = alt.Chart(figures).encode(
        y=alt.Y("variant:N", sort=order, title=None, axis=alt.Axis(labelLimit=340))
    )
    dots = base.mark_circle(size=70, opacity=0.65, color=theme.SCORE).encode(
        x=value, tooltip=["variant", "seed", alt.Tooltip("value:Q", format=".3f")]
    )
    means = base.mark_tick(thickness=3, size=22, color=theme.SCORE).encode(x="mean(value):Q")
    return dots, means


def _lines(record: dict[str, Any], figures: pd.DataFrame, value: Any) -> tuple[Any, Any]:
    lines = list(dict.fromkeys(one["line"] for one in record["variants"]))
    places = sorted(figures["x"].unique())
    base = alt.Chart(figures).encode(
        x=alt.X("x:Q", title=record["sweep"]["x"], scale=alt.Scale(type="log", padding=20),
                axis=alt.Axis(values=places)),
        color=alt.Color("line:N", title=None, legend=alt.Legend(orient="top", labelLimit=340),
                        scale=alt.Scale(domain=lines, range=_COLOURS[: len(lines)])),
    )  # fmt: skip
    dots = base.mark_circle(size=70).encode(
        y=value, tooltip=["variant", "seed", alt.Tooltip("value:Q", format=".3f")]
    )
    return base.mark_line().encode(y="mean(value):Q"), dots


def show() -> None:
    """Show the questions that have results; nothing where none has."""
    found = questions()
    if not found:
        return
    st.subheader("What each part of the method adds", anchor=False)
    name = st.selectbox(
        "Question", list(found), key="ablation", format_func=lambda key: found[key]["title"]
    )
    record = found[str(name)]
    st.markdown(theme.unmarked(record["asks"]))
    if not record["complete"]:
        st.warning("Some of its runs are still missing.", icon=":material/hourglass_top:")
    st.dataframe(overview(record), hide_index=True, height="content", alt=record["title"])
    metric = st.segmented_control(
        "Figure", told_of(record), default="bedroc_80p5", key="ablation-figure",
        format_func=METRICS.__getitem__, label_visibility="collapsed", required=True,
    )  # fmt: skip
    st.altair_chart(
        plot(record, str(metric)), width="stretch", alt=f"{record['title']}, by variant and seed"
    )
    st.caption(
        f"{counted(len(record['targets']), 'development target')}. Budget: "
        f"{theme.unmarked(record['budget'])}. {CAVEAT}"
    )


def _number(value: float | None, metric: str) -> str:
    return "–" if value is None else number(float(value), metric)


def _spread(variant: dict[str, Any], metric: str) -> str:
    mean, sd = variant["mean"][metric], variant["sd"][metric]
    text = _number(mean, metric)
    return text if sd is None else f"{text} ± {sd:.3f}"


def _signed(found: dict[str, Any]) -> str:
    if found["mean"] is None:
        return "–"
    text = f"{found['mean']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
    return text.replace("-", "−")
