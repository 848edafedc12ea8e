"""Results as Markdown: for the terminal and for a README."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from molsearch.bench.benchmarks.published import published
from molsearch.bench.report.identity import identity_tiers
from molsearch.bench.report.random_summary import decoy_sources, random_lines, random_note
from molsearch.bench.report.summary import (
    BASELINE,
    COMPARED,
    Line,
    best_possible,
    complete,
    lines,
    tiers,
    warnings,
)
from molsearch.io.markers import replaced
from molsearch.metrics.bootstrap import Interval
from molsearch.words import counted, noun

LABELS = {
    "auroc": "AUROC",
    "log_auc": "log-AUC",
    "pr_auc": "PR-AUC",
    "bedroc_80p5": "BEDROC(80.5)",
    "bedroc_20": "BEDROC(20)",
    "ef_0p5pct": "EF 0.5 %",
    "ef_1pct": "EF 1 %",
    "ef_2pct": "EF 2 %",
    "ef_5pct": "EF 5 %",
    "ef_10pct": "EF 10 %",
}
_SEVERAL = "Means over targets, 95 % bootstrap intervals over targets"
_ONE = (
    "One target: 95 % intervals from drawing its molecules anew; they say nothing of other targets"
)
SOURCE_CAPTION = (
    "All actives against decoys of one source alone: shorter lists, on which BEDROC is higher and "
    "EF can reach less, so compare along a row."
)
_MEDIAN = "median EF^B max [median bounds of a target]"
BEGIN, END = "<!-- RESULTS: begin -->", "<!-- RESULTS: end -->"
_SHORT = ("auroc", "bedroc_80p5", "ef_1pct", "ef_5pct")


def number(value: float, metric: str) -> str:
    """Format one value: folds with one decimal, shares with three; a dash for NaN."""
    if np.isnan(value):
        return "–"
    return f"{value:.1f}" if metric.startswith("ef_") else f"{value:.3f}"


def with_interval(found: Interval, metric: str) -> str:
    """Format a mean with its 95 % interval, where there is one."""
    if np.isnan(found.low):
        return number(found.mean, metric)
    low, high = number(found.low, metric), number(found.high, metric)
    return f"{number(found.mean, metric)} [{low}, {high}]"


def gain(line: Line, metric: str = "bedroc_80p5") -> str:
    """Format a method's `metric` as a ratio to the baseline's, with wins and losses."""
    found = line.against.get(metric)
    if found is None:
        return "baseline" if line.method == BASELINE else "–"
    ratio = found.ratio
    if np.isnan(ratio.mean):
        return "–"
    bounds = "" if ratio.n == 1 else f" [{ratio.low:.2f}, {ratio.high:.2f}]"
    return f"{ratio.mean:.2f}×{bounds}, {found.wins}:{found.losses}"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Make a Markdown table, padded so that it can be read as text too."""
    every = [list(head), *[list(row) for row in rows]]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    texts = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in every
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([texts[0], rule, *texts[1:]])


def setting(record: dict[str, Any]) -> str:
    """Say in one line what was run: limits, protocol, numbers of molecules."""
    rows = [row for row in record["results"] if row["target"] in set(complete(record))]
    first = {row["target"]: row for row in rows}.values()
    n_actives = sum(row["n_actives"] for row in first)
    n_inactives = sum(row["n_inactives"] for row in first)
    said = [
        counted(len(first), "target"),
        counted(n_actives, "active"),
        f"{n_inactives:,} {record['provenance'].get('inactives', 'decoys')}",
    ]
    config = record["config"]
    if config.get("limit_actives") or config.get("limit_decoys"):
        actives, decoys = config.get("limit_actives"), config.get("limit_decoys")
        most = [f"{n} {kind}" for n, kind in ((actives, "actives"), (decoys, "decoys")) if n]
        said.append(f"drawn: at most {' and '.join(most)} a target, seed {config['seed']}")
    protocols = sorted({row["protocol"] for row in first})
    words = {"fused": "all queries of a target fused", "each": "each query alone, then averaged"}
    if config.get("queries"):
        n, draws = config["queries"], config.get("draws")
        several = counted(n, "active") if n > 1 else "one active"
        said.append(f"{several} drawn as queries together, {counted(draws, 'draw')} a target")
        if small := record.get("left_out"):
            have = noun(len(small), "has", "have")
            said.append(f"{counted(len(small), 'target')} {have} too few actives")
        return "; ".join(said)
    if all(row["n_queries"] == 1 for row in first):
        return "; ".join([*said, "one query a target"])
    said += [words[protocol] for protocol in protocols]
    return "; ".join(said)


def overview(record: dict[str, Any]) -> str:
    """Write all tables of one result file and the warnings."""
    parts = [
        f"{record['provenance'].get('title', record['benchmark'])}: {setting(record)}",
        main_grid(record),
        tier_grid(record),
        identity_grid(record),
        source_grid(record),
        random_grid(record),
        warning_list(record),
    ]
    return "\n\n".join(part for part in parts if part)


def main_grid(record: dict[str, Any]) -> str:
    """Make a Markdown table of methods, means over targets with intervals, and its caption."""
    table = grid(
        [
            "method",
            *[LABELS[m] for m in _SHORT],
            *[f"{LABELS[m].split('(')[0]} / {BASELINE}, wins:losses" for m in COMPARED],
        ],
        [
            [
                line.name,
                *[with_interval(line.values[m], m) for m in _SHORT],
                *[gain(line, m) for m in COMPARED],
            ]
            for line in lines(record)
        ],
    )
    return f"{table}\n\n{caption(record)}"


def caption(record: dict[str, Any]) -> str:
    """Say what the intervals of a result file are over, and what enrichment its lists allow."""
    basis = _ONE if len(complete(record)) == 1 else _SEVERAL
    return f"{basis}; EF 1 % can reach {number(best_possible(record), 'ef_1pct')}."


def warning_list(record: dict[str, Any]) -> str:
    """List what belongs beside the numbers."""
    return "\n".join(f"- {sentence}" for sentence in warnings(record))


def tier_grid(record: dict[str, Any]) -> str:
    """Make a Markdown table of BEDROC and EF 1 % by tier; empty where there are no tiers."""
    names = [tier.name for tier in tiers(record)]
    known = set(names) - set(decoy_sources(names))
    return _subset_grid(record, "BEDROC / EF 1 % by tier", known)


def identity_grid(record: dict[str, Any]) -> str:
    """Make a Markdown table by sequence identity to the training targets; empty if unknown."""
    methods = list(record["methods"])
    rows = [
        [
            f"{tier.training}: {tier.name}",
            str(tier.n_targets),
            *[
                f"{number(tier.bedroc[m].mean, 'bedroc')}, {_times(tier.ratio.get(m))}"
                for m in methods
            ],
        ]
        for tier in identity_tiers(record)
    ]
    head = ["BEDROC, ratio to ecfp4, by identity to the nearest training target", "targets"]
    return grid([*head, *methods], rows) if rows else ""


def _times(ratio: float | None) -> str:
    return "–" if ratio is None or np.isnan(ratio) else f"{ratio:.2f}×"


def source_grid(record: dict[str, Any]) -> str:
    """Make a Markdown table by where the decoys come from; empty where that is not told."""
    names = decoy_sources([tier.name for tier in tiers(record)])
    table = _subset_grid(record, "BEDROC / EF 1 % by decoys", set(names))
    return f"{table}\n\n{SOURCE_CAPTION}" if table else ""


def _subset_grid(record: dict[str, Any], title: str, names: set[str]) -> str:
    methods = list(record["methods"])
    rows = [
        [
            tier.name.removeprefix("decoys: "),
            f"{tier.n_actives:,.0f}",
            str(tier.n_targets),
            *[
                f"{number(tier.bedroc[m].mean, 'bedroc')} / {number(tier.ef1[m].mean, 'ef_1pct')}"
                for m in methods
            ],
        ]
        for tier in tiers(record)
        if tier.name in names
    ]
    return grid([title, "actives", "targets", *methods], rows) if rows else ""


def random_grid(record: dict[str, Any]) -> str:
    """Make a Markdown table of Bayes enrichment and say what the compounds are; or empty."""
    found = random_lines(record)
    if not found:
        return ""
    rows = [
        [
            line.method,
            *[with_interval(line.values[m], "ef_b") for m in ("efb_1pct", "efb_0p1pct", "efb_max")],
            f"{line.median:.1f} [{line.median_low:.1f}, {line.median_high:.1f}]",
            f"{line.at:.2%}",
        ]
        for line in found
    ]
    head = ["among random compounds", "EF^B 1 %", "EF^B 0.1 %", "EF^B max", _MEDIAN, "at"]
    return f"{grid(head, rows)}\n\n{random_note(record)}"


def published_grid(benchmark: str) -> str:
    """Make a Markdown table of published rows; empty where there are none."""
    rows = [
        [p.method, p.kind, p.auroc or "–", p.bedroc or "–", p.ef1 or "–", _where(p)]
        for p in published(benchmark)
    ]
    if not rows:
        return ""
    head = ["published elsewhere", "uses", "AUROC", "BEDROC", "EF 1 %", "source and protocol"]
    return grid(head, rows)


def _where(row: Any) -> str:
    return f"{row.source}; {row.protocol}" if row.protocol else str(row.source)


def to_markdown(records: Sequence[dict[str, Any]]) -> str:
    """All result files as one Markdown text; what others published once a benchmark."""
    parts: list[str] = []
    told: set[str] = set()
    for record in records:
        title = record["provenance"].get("title", record["benchmark"])
        parts.append(f"## {title} ({record['file']})")
        parts.append(overview(record))
        notes = record["provenance"].get("notes", ())
        parts.append("\n".join(f"> {note}" for note in notes))
        others = published_grid(record["benchmark"])
        if others and record["benchmark"] not in told:
            told.add(record["benchmark"])
            parts.append(
                "Published by others, on other queries, pools and protocols; not comparable row "
                "by row with ours:"
            )
            parts.append(others)
    return "\n\n".join(part for part in parts if part) + "\n"


def renewed(page: str, records: Sequence[dict[str, Any]], name: str) -> str:
    """Put the result files' text between a page's markers; the rest stays as it is.

    Raises
    ------
    InputError
        The page `name` has not one pair of markers.
    """
    return replaced(page, BEGIN, END, to_markdown(records).removesuffix("\n"), name)
