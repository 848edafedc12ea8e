"""Bayes enrichment over all targets, as a result file with random compounds has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from molsearch.bench.background import METRICS
from molsearch.bench.results import random_table
from molsearch.metrics.bootstrap import Interval, interval


@dataclass(frozen=True)
class RandomLine:
    """One method among random compounds.

    Attributes
    ----------
    method
        Its name.
    values
        Mean over targets of each of `background.METRICS`, with its interval over targets.
    median
        Median over targets of ``efb_max``, which BayesBind reports.
    median_low, median_high
        Medians over targets of the bounds that drawing the molecules anew gives one target.
    at
        Median share of the random compounds above the threshold of ``efb_max``.
    """

    method: str
    values: dict[str, Interval]
    median: float
    median_low: float
    median_high: float
    at: float


def random_lines(record: dict[str, Any]) -> list[RandomLine]:
    """Methods by their mean EF^B at 1 %, best first; empty without random compounds.

    Means are over the targets on which every one of these methods was ranked among them.
    """
    tables = {
        name: random_table(record, name)
        for name in (*METRICS, "efb_max_low", "efb_max_high", "efb_max_at")
    }
    methods = tables[METRICS[0]].columns[tables[METRICS[0]].notna().any()].tolist()
    if not methods:
        return []
    chosen = tables[METRICS[0]].index[tables[METRICS[0]][methods].notna().all(axis=1)]

    def median(name: str, method: str) -> float:
        return float(np.median(tables[name].loc[chosen, method])) if len(chosen) else np.nan

    found = [
        RandomLine(
            method,
            {m: interval(tables[m].loc[chosen, method].to_numpy()) for m in METRICS},
            median("efb_max", method),
            median("efb_max_low", method),
            median("efb_max_high", method),
            median("efb_max_at", method),
        )
        for method in methods
    ]
    return sorted(found, key=lambda line: -np.nan_to_num(line.values[METRICS[0]].mean, nan=-1.0))


def random_note(record: dict[str, Any]) -> str:
    """Say what the random compounds are; empty without any."""
    pool = record.get("random")
    if not pool:
        return ""
    return (
        f"Random compounds: {pool['n']:,} drawn from {pool['source']} with seed {pool['seed']} "
        f"({pool['note']}); readable ones that are neither active nor query of the target. "
        f"EF^B(x) = share of actives / share of random compounds above the score that a share x "
        f"of random compounds reaches; EF^B max, the greatest over all thresholds, can reach "
        f"{pool['n']:,} and flatters small samples."
    )


def decoy_sources(names: Sequence[str]) -> list[str]:
    """Of subset names, those that part the decoys by where they come from."""
    return [name for name in names if name.startswith("decoys: ")]
