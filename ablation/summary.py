"""Means, spreads and paired differences of a question's runs, from their figures by target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from molsearch.metrics.bootstrap import Interval, paired

METRICS = ("bedroc_80p5", "novel_bedroc_80p5", "auroc", "blend_bedroc_80p5")
#: Of several queries together; runs trained before these were told lack them.
SEVERAL = ("several_bedroc_80p5", "several_blend_bedroc_80p5")
#: Of the default ranking, of one query and of several; likewise.
RANKED = ("ranked_bedroc_80p5", "several_ranked_bedroc_80p5")
#: ECFP4 has no blend with itself; a blend is held against ECFP4's plain BEDROC.
ECFP4_METRICS = (*METRICS[:3], SEVERAL[0])
_ECFP4_OF = {
    "blend_bedroc_80p5": "bedroc_80p5",
    RANKED[0]: "bedroc_80p5",
    **dict.fromkeys((SEVERAL[1], RANKED[1]), SEVERAL[0]),
}
_DIGITS = 4

Floats = npt.NDArray[np.float64]


def summarised(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with all that follows from its runs; summarising twice changes nothing."""
    ecfp4 = record["ecfp4"]["by_target"]
    told = metrics_of(record)
    variants = {one["name"]: one for one in record["variants"]}
    return {
        **record,
        "ecfp4": {
            "by_target": ecfp4,
            "mean": {m: _rounded(_mean(_array(ecfp4[m]))) for m in told if m in ecfp4},
        },
        "variants": [
            {
                **{k: v for k, v in one.items() if k != "runs"},
                "mean": {m: _rounded(_mean(np.array(_means(one, m)))) for m in told},
                "sd": {m: _spread(_means(one, m)) for m in told},
                "over_ecfp4": _over_ecfp4(one, ecfp4, told),
                "difference": _difference(one, variants.get(one["against"]), told),
                "runs": [_run(run, told) for run in one["runs"]],
            }
            for one in record["variants"]
        ],
    }


def metrics_of(record: dict[str, Any]) -> tuple[str, ...]:
    """Figures that every run of a record has."""
    runs = [run["by_target"] for one in record["variants"] for run in one["runs"]]
    if not runs:
        return METRICS
    later = [some for some in (SEVERAL, RANKED) if all(m in run for run in runs for m in some)]
    return (*METRICS, *(m for some in later for m in some))


def _run(run: dict[str, Any], told: Sequence[str]) -> dict[str, Any]:
    by_target = run["by_target"]
    head = {k: v for k, v in run.items() if k not in ("mean", "by_target")}
    means = {m: _rounded(_mean(_array(by_target[m]))) for m in told}
    return {**head, "mean": means, "by_target": by_target}


def _means(variant: dict[str, Any], metric: str) -> list[float]:
    """Mean over targets, a value a seed."""
    return [_mean(_array(run["by_target"][metric])) for run in variant["runs"]]


def _spread(values: Sequence[float]) -> float | None:
    """Return the standard deviation over seeds; one seed has none."""
    return _rounded(float(np.std(values, ddof=1))) if len(values) > 1 else None


def _over_ecfp4(
    variant: dict[str, Any], ecfp4: dict[str, Any], told: Sequence[str]
) -> dict[str, Any]:
    """Ratio of means to ECFP4's with its interval over targets."""
    if not variant["runs"]:
        return {}
    return {
        m: _interval(paired(_by_target(variant, m), _array(ecfp4[_ECFP4_OF.get(m, m)])).ratio)
        for m in told
    }


def _difference(
    variant: dict[str, Any], other: dict[str, Any] | None, told: Sequence[str]
) -> dict[str, Any] | None:
    """Paired difference over targets of seed averages, from the seeds that both have."""
    if other is None:
        return None
    theirs = {run["seed"] for run in other["runs"]}
    seeds = [run["seed"] for run in variant["runs"] if run["seed"] in theirs]
    if not seeds:
        return None
    found: dict[str, Any] = {"against": other["name"], "seeds": seeds}
    for m in told:
        pair = paired(_by_target(variant, m, seeds), _by_target(other, m, seeds))
        found[m] = {**_interval(pair.difference), "wins": pair.wins, "losses": pair.losses}
    return found


def _by_target(variant: dict[str, Any], metric: str, seeds: Sequence[int] | None = None) -> Floats:
    """Average over seeds, ``[n_targets]``."""
    runs = [run for run in variant["runs"] if seeds is None or run["seed"] in seeds]
    return np.mean([_array(run["by_target"][metric]) for run in runs], axis=0)


def _array(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _mean(values: Floats) -> float:
    """Mean over those that have a value."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _interval(found: Interval) -> dict[str, Any]:
    return {k: _rounded(v) if k != "n" else v for k, v in asdict(found).items()}


def _rounded(value: float) -> float | None:
    return round(value, _DIGITS) if np.isfinite(value) else None
