"""What the parts of the bundled encoder add: runs that differ in one part, one seed each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from app import places
from app.components import theme
from molsearch.bench.markdown import LABELS, number

ECFP4 = "ECFP4"
METRICS = {
    "bedroc_80p5": LABELS["bedroc_80p5"],
    "novel_bedroc_80p5": "BEDROC on actives new by ECFP4",
    "auroc": LABELS["auroc"],
}
CAVEAT = (
    "One seed each, so the spread between seeds is unknown: the step from substructures to 3D is a "
    "hint that geometry helps on new scaffolds, not a proof. New by ECFP4: similarity to the "
    "nearest query below 0.35."
)


@dataclass(frozen=True)
class Run:
    """A training run of the ablation.

    Attributes
    ----------
    label, steps
        What was switched on, and for how long it was trained.
    file
        Its figures by target, in ``results/development``.
    """

    label: str
    steps: str
    file: str


RUNS = (
    Run("substructures alone, shorter", "1,200", "substructure-1200.csv"),
    Run("substructures alone", "1,600", "substructure.csv"),
    Run("substructures + 3D (ships)", "1,600, step 1,200 chosen", "small.csv"),
)


def folder() -> Path:
    """Folder of the committed figures."""
    return places.source_tree() / "results" / "development"


def by_target() -> pd.DataFrame:
    """Figures in long form: target, n, run, and a column a metric; empty where a file is missing.

    ECFP4 ranks the same molecules in every run, so it is taken from the first.
    """
    needed = ["target", "n", *METRICS, *(f"{name}_ecfp4" for name in METRICS)]
    parts: list[pd.DataFrame] = []
    for run in RUNS:
        try:
            found = pd.read_csv(folder() / run.file)[needed]
            found[needed[2:]] = found[needed[2:]].astype(float)
        except (OSError, ValueError, KeyError):
            return pd.DataFrame(columns=["target", "n", "run", *METRICS])
        if not parts:
            plain = found[["target", "n"]].assign(run=ECFP4)
            parts.append(plain.assign(**{name: found[f"{name}_ecfp4"] for name in METRICS}))
        parts.append(found[["target", "n", *METRICS]].assign(run=run.label))
    return pd.concat(parts, ignore_index=True)


def overview(figures: pd.DataFrame) -> pd.DataFrame:
    """Means over targets, a row a run, and on how many targets a run is above ECFP4."""
    steps = {run.label: run.steps for run in RUNS}
    base = _bedroc(figures, ECFP4)
    rows = []
    for label, part in figures.groupby("run", sort=False):
        above = (_bedroc(figures, str(label)) > base).sum()
        rows.append(
            {
                "Run": label,
                "Steps": steps.get(str(label), "–"),
                **{said: number(part[name].mean(), name) for name, said in METRICS.items()},
                "Targets above ECFP4": "–" if label == ECFP4 else f"{above} of {len(base)}",
            }
        )
    return pd.DataFrame(rows)


def plot(figures: pd.DataFrame, metric: str) -> Any:
    """Draw a dot a target and a row a run; the bar is the mean."""
    order = [ECFP4, *(run.label for run in RUNS)]
    colour = alt.condition(alt.datum.run == ECFP4, alt.value(theme.ECFP4), alt.value(theme.SCORE))
    base = alt.Chart(figures).encode(
        y=alt.Y("run:N", sort=order, title=None, axis=alt.Axis(labelLimit=260))
    )
    dots = base.mark_circle(size=42, opacity=0.5).encode(
        x=alt.X(f"{metric}:Q", title=METRICS[metric], scale=alt.Scale(domain=[0, 1])),
        color=colour,
        tooltip=["target", "n", "run", alt.Tooltip(f"{metric}:Q", format=".3f")],
    )
    means = base.mark_tick(thickness=3, size=26, color=theme.QUERY).encode(
        x=f"mean({metric}):Q", tooltip=[alt.Tooltip(f"mean({metric}):Q", format=".3f")]
    )
    return (dots + means).properties(height=220)


def _bedroc(figures: pd.DataFrame, run: str) -> pd.Series:
    return figures[figures["run"] == run].set_index("target")["bedroc_80p5"]
