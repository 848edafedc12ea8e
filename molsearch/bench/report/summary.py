"""What a result file says: means with intervals, comparisons, tiers, leakage, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from molsearch.bench import results
from molsearch.metrics.bootstrap import Interval, PairedDifference, interval, paired
from molsearch.words import counted, noun

SHOWN = (
    "auroc",
    "log_auc",
    "bedroc_80p5",
    "bedroc_20",
    "ef_0p5pct",
    "ef_1pct",
    "ef_5pct",
    "pr_auc",
)
BASELINE = "ecfp4"
COMPARED = ("bedroc_80p5", "ef_1pct")
_RICH = 0.05  # share of actives above which BEDROC(80.5) saturates


@dataclass(frozen=True)
class Line:
    """One method over all targets.

    Attributes
    ----------
    method
        Its name.
    values
        Interval of each metric.
    against
        `COMPARED` metrics against the baseline on the same targets; empty for the baseline.
    single
        Whether these are means over single queries, beside another line that fuses them.
    """

    method: str
    values: dict[str, Interval]
    against: dict[str, PairedDifference]
    single: bool = False

    @property
    def name(self) -> str:
        """What a table calls it."""
        return f"{self.method}, one query" if self.single else self.method


@dataclass(frozen=True)
class Tier:
    """One subset: means of BEDROC(80.5) and EF 1 % by method.

    Attributes
    ----------
    name
        As in the result file.
    n_actives, n_targets
        Its actives over all targets, and targets that have any.
    bedroc, ef1
        Interval by method.
    """

    name: str
    n_actives: float
    n_targets: int
    bedroc: dict[str, Interval]
    ef1: dict[str, Interval]


def complete(record: dict[str, Any]) -> list[str]:
    """Targets on which every method has been run: means are taken over these alone."""
    done = {target: set[str]() for target in record["targets"]}
    for row in record["results"]:
        if row["target"] in done:
            done[row["target"]].add(row["method"])
    return [target for target, methods in done.items() if methods >= set(record["methods"])]


def lines(record: dict[str, Any], metrics: Sequence[str] = SHOWN) -> list[Line]:
    """Means over targets, best BEDROC first; then, where queries were fused, single queries."""
    found = _lines(record, metrics, single=False)
    if any("each" in row for row in record["results"]):
        found += _lines(record, metrics, single=True)
    return found


def _lines(record: dict[str, Any], metrics: Sequence[str], *, single: bool) -> list[Line]:
    chosen = complete(record)
    tables = {m: results.table(record, m, single=single).loc[chosen] for m in {*metrics, *COMPARED}}
    found = []
    for method in record["methods"]:
        against = {
            m: paired(tables[m][method].to_numpy(), tables[m][BASELINE].to_numpy())
            for m in COMPARED
            if BASELINE in tables[m] and method != BASELINE
        }
        values = {m: interval(tables[m][method].to_numpy()) for m in metrics}
        if len(chosen) == 1 and not single:
            values = {m: _within(record, chosen[0], method, m, v) for m, v in values.items()}
        found.append(Line(method, values, against, single))
    order = tables["bedroc_80p5"].mean().fillna(-1.0)
    return sorted(found, key=lambda line: -float(order[line.method]))


def _within(
    record: dict[str, Any], target: str, method: str, metric: str, found: Interval
) -> Interval:
    """Give a single target's number the bounds that its own molecules leave."""
    low, high = results.within(record, target, method, metric)
    return Interval(found.mean, low, high, found.n)


def best_possible(record: dict[str, Any], metric: str = "ef_1pct") -> float:
    """Mean over targets of the greatest enrichment the lists allow; NaN without results."""
    table = results.table(record, f"{metric}_max").loc[complete(record)]
    return float(np.nanmean(table.to_numpy())) if table.size else float("nan")


def tiers(record: dict[str, Any]) -> list[Tier]:
    """Every subset of the result file."""
    chosen = complete(record)
    found = []
    for name in results.subsets(record):
        counts = results.table(record, "n_actives", name).loc[chosen].max(axis=1)
        bedroc = results.table(record, "bedroc_80p5", name).loc[chosen]
        ef1 = results.table(record, "ef_1pct", name).loc[chosen]
        found.append(
            Tier(
                name,
                float(counts.sum()),
                int((counts > 0).sum()),
                {method: interval(bedroc[method].to_numpy()) for method in record["methods"]},
                {method: interval(ef1[method].to_numpy()) for method in record["methods"]},
            )
        )
    return found


def mean_curves(record: dict[str, Any], name: str) -> dict[str, npt.NDArray[np.float64]]:
    """Mean over targets of the curve ``roc`` or ``enrichment``, by method, on `evaluate.GRID`."""
    chosen = set(complete(record))
    found = {}
    for method in record["methods"]:
        rows = [
            row["curves"][name]
            for row in record["results"]
            if row["method"] == method and row["target"] in chosen and row["curves"][name]
        ]
        if rows:
            found[method] = np.array(rows, dtype=np.float64).mean(axis=0)
    return found


def leakage(record: dict[str, Any]) -> dict[str, Any]:
    """Sum and average the audit over targets.

    Returns
    -------
    dict
        ``data`` (numbers about the benchmark itself) and ``trainings`` (by training set: counts
        of actives, queries and targets it has seen, and the tiers).
    """
    audits = [record["audit"][target] for target in record["targets"] if target in record["audit"]]
    frame = pd.DataFrame([{k: v for k, v in a.items() if k != "training"} for a in audits])
    sums = ["n_actives", "n_inactives", "unreadable", *_REPEATS]
    means = ("ave_bias", "property_auroc", "nearest_active", "share_with_analogue")
    data: dict[str, Any] = {"targets": len(audits)}
    if audits:
        data.update({name: int(frame[name].sum()) for name in sums})
        data.update({name: float(frame[name].astype(float).mean()) for name in means})
    trainings = {
        name: _training([a["training"][name] for a in audits if name in a["training"]])
        for name in record["trainings"]
    }
    return {"data": data, "trainings": trainings}


def _training(found: list[dict[str, Any]]) -> dict[str, Any]:
    tiers: dict[str, int] = {}
    for one in found:
        for name, count in one["tiers"].items():
            tiers[name] = tiers.get(name, 0) + count
    known = [one["target_in_training"] for one in found if one["target_in_training"] is not None]
    return {
        "actives_in_training": sum(one["actives_in_training"] for one in found),
        "queries_in_training": sum(one["queries_in_training"] for one in found),
        "targets_in_training": sum(known),
        "targets_known": len(known),
        "tiers": tiers,
    }


def warnings(record: dict[str, Any]) -> list[str]:
    """Sentences that belong beside the numbers, the gravest first."""
    found = leakage(record)
    data = found["data"]
    if not data["targets"]:
        return []
    said = [s for name, t in found["trainings"].items() for s in _warn_training(name, t, data)]
    if not found["trainings"]:
        said.append("No training set was at hand: nothing is known about leakage into encoders.")
    if data["property_auroc"] > 0.7:
        said.append(
            f"Eight simple properties alone tell actives from {_inactives(record)} with AUROC "
            f"{data['property_auroc']:.2f}: part of every method's score needs no chemistry."
        )
    if data["ave_bias"] > 0.1:
        said.append(
            f"AVE bias {data['ave_bias']:.2f}: actives lie nearer to each other than to "
            f"{_inactives(record)}, so analogue search alone scores well."
        )
    if data["share_with_analogue"] > 0.5:
        said.append(
            f"{data['share_with_analogue']:.0%} of the actives have an analogue (ECFP4 ≥ 0.6) "
            "among the actives: series are counted again and again."
        )
    for name, words in _REPEATS.items():
        if data[name]:
            said.append(f"{words}: {data[name]:,}.")
    return [*said, *_warn_lists(record, data), *_warn_unscored(record, data["unreadable"])]


def _warn_lists(record: dict[str, Any], data: dict[str, Any]) -> list[str]:
    """Warn of lists so rich in actives that early enrichment cannot tell methods apart."""
    share = data["n_actives"] / max(data["n_actives"] + data["n_inactives"], 1)
    if share <= _RICH:
        return []
    said = (
        f"{share:.0%} of the molecules are actives: BEDROC(80.5) looks at the first 2 % of a list "
        f"and is easily perfect here; AUROC tells methods apart. More {_inactives(record)} help."
    )
    return [said]


def _warn_unscored(record: dict[str, Any], unreadable: int) -> list[str]:
    said = []
    if unreadable:
        said.append(f"Structures that RDKit cannot read, ranked last: {unreadable:,}.")
    by_count: dict[int, list[str]] = {}
    for method in record["methods"]:
        rows = [row["n_unscored"] for row in record["results"] if row["method"] == method]
        by_count.setdefault(sum(rows) - unreadable, []).append(method)
    for count, methods in sorted(by_count.items()):
        if count > 0:
            said.append(
                f"Molecules without a score by {', '.join(methods)} (not prepared, or no 3D "
                f"geometry), ranked last: {count:,}."
            )
    return said


_REPEATS = {
    "across_splits": "Molecules that occur in both splits",
    "both_labels": "Molecules that are both active and inactive",
    "queries_among_actives": "Queries that are among the actives (never ranked for themselves)",
    "repeats": "Molecules that repeat within their pool, stereo left aside",
}


def _inactives(record: dict[str, Any]) -> str:
    return str(record["provenance"].get("inactives", "decoys"))


def _warn_training(name: str, found: dict[str, Any], data: dict[str, Any]) -> list[str]:
    said = []
    known = found["actives_in_training"]
    if known:
        said.append(
            f"LEAK: {known:,} of {counted(data['n_actives'], 'active')} "
            f"({known / max(data['n_actives'], 1):.0%}) are molecules of the training set "
            f"'{name}': what an encoder trained on it scores there is memory."
        )
    if found["queries_in_training"]:
        asked = found["queries_in_training"]
        are = noun(asked, "is a molecule", "are molecules")
        said.append(f"{counted(asked, 'query')} {are} of '{name}'.")
    near = found["tiers"].get("≥ 0.9", 0)
    if near > known:
        said.append(
            f"{counted(near, 'active')} {noun(near, 'has', 'have')} a training molecule of "
            f"'{name}' at ECFP4 ≥ 0.9: "
            "read the tiers."
        )
    if found["targets_in_training"]:
        said.append(
            f"Training set '{name}' holds ligands of {found['targets_in_training']} of these "
            f"{counted(found['targets_known'], 'target')}: they are not new to an encoder "
            "trained on it."
        )
    return said
