"""Results by how close a target's sequence is to those that an encoder was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from molsearch.bench import results
from molsearch.bench.audit.homology import IDENTITY_TIERS
from molsearch.bench.report.summary import BASELINE, complete
from molsearch.metrics.bootstrap import Interval, interval


@dataclass(frozen=True)
class IdentityTier:
    """Targets of one tier of sequence identity to a training set's targets.

    Attributes
    ----------
    training, name
        The training set, and the tier.
    n_targets
        Its targets.
    bedroc
        Interval of BEDROC(80.5) over them by method.
    ratio
        To the baseline's mean, by method; without the baseline itself.
    """

    training: str
    name: str
    n_targets: int
    bedroc: dict[str, Interval]
    ratio: dict[str, float]


def identity_tiers(record: dict[str, Any]) -> list[IdentityTier]:
    """Targets by how close a training set's targets are to them, where the audit knows it."""
    table = results.table(record, "bedroc_80p5").loc[complete(record)]
    found = []
    for training in record["trainings"]:
        tiers = pd.Series({t: _identity(record, t, training) for t in table.index}, dtype=object)
        for name in IDENTITY_TIERS:
            rows = table[(tiers == name).to_numpy(bool)]
            if len(rows):
                found.append(_identity_tier(training, name, rows, record["methods"]))
    return found


def _identity_tier(
    training: str, name: str, rows: pd.DataFrame, methods: Sequence[str]
) -> IdentityTier:
    bedroc = {method: interval(rows[method].to_numpy()) for method in methods}
    base = bedroc[BASELINE].mean if BASELINE in bedroc else float("nan")
    ratio = {m: v.mean / base for m, v in bedroc.items() if m != BASELINE and base > 0}
    return IdentityTier(training, name, len(rows), bedroc, ratio)


def _identity(record: dict[str, Any], target: str, training: str) -> str | None:
    audit = record["audit"].get(target, {}).get("training", {})
    return audit.get(training, {}).get("identity")
