"""The report page: one HTML file that needs neither network nor scripts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from molsearch.bench import results
from molsearch.bench.benchmarks.published import published
from molsearch.bench.evaluate import GRID
from molsearch.bench.report import plots
from molsearch.bench.report.markdown import LABELS, SOURCE_CAPTION, caption, gain, number, setting
from molsearch.bench.report.random_summary import decoy_sources, random_lines, random_note
from molsearch.bench.report.summary import (
    BASELINE,
    COMPARED,
    SHOWN,
    Line,
    Tier,
    complete,
    leakage,
    lines,
    mean_curves,
    tiers,
    warnings,
)
from molsearch.metrics.bootstrap import Interval

_TEMPLATE = Path(__file__).with_name("report.html")


def to_html(records: Sequence[dict[str, Any]]) -> str:
    """Render result records as one self-contained page; every string in them is escaped."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(pages=[_page(record) for record in records])


def _page(record: dict[str, Any]) -> dict[str, Any]:
    provenance = record["provenance"]
    # The baseline keeps the neutral first colour on every page, the others follow in order.
    methods = sorted(record["methods"], key=lambda name: name != BASELINE)
    plotted = _plotted(record, methods)
    colours = {name: place for place, name in enumerate(plotted)}
    return {
        "title": provenance.get("title", record["benchmark"]),
        "file": record["file"],
        "setting": setting(record),
        "notes": provenance.get("notes", ()),
        "url": provenance.get("url", ""),
        "citation": provenance.get("citation", ""),
        "licence": provenance.get("licence", ""),
        "inactives": provenance.get("inactives", "decoys"),
        "warnings": warnings(record),
        "metrics": [LABELS[name] for name in SHOWN],
        "methods": methods,
        "rows": _rows(record, colours),
        "caption": caption(record),
        "n_targets": len(complete(record)),
        **_tier_part(record, methods, plotted),
        **_random_part(record, colours),
        "n_plotted": len(plotted),
        "roc": _curve(record, plotted, "roc", "false-positive rate"),
        "enrichment": _curve(record, plotted, "enrichment", "fraction of the list"),
        **_dot_part(record, plotted),
        "targets": _target_rows(record, methods),
        **_audit_part(record),
        "elsewhere": published(record["benchmark"]),
        "details": json.dumps(
            {"config": record["config"], "methods": record["methods"], "runs": record["runs"]},
            indent=1,
            ensure_ascii=False,
        ),
    }


def _plotted(record: dict[str, Any], methods: Sequence[str]) -> list[str]:
    """Choose what plots show: as many as there are colours, the baseline and single methods first.

    More lines than colours would be told apart by nothing.
    """
    if len(methods) <= plots.N_COLOURS:
        return list(methods)
    means = results.table(record, "bedroc_80p5").loc[complete(record)].mean().fillna(-1.0)

    def rank(name: str) -> tuple[bool, bool, float]:
        blended = len(record["methods"][name]["parts"]) > 1
        return name != BASELINE, blended, -float(means[name])

    return sorted(methods, key=rank)[: plots.N_COLOURS]


def _rows(record: dict[str, Any], colours: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "method": line.name,
            "single": line.single,
            "colour": colours.get(line.method),
            "cells": [_cell(line.values[metric], metric) for metric in SHOWN],
            "gains": [_gain(line, metric) for metric in COMPARED],
        }
        for line in lines(record)
    ]


def _cell(found: Interval, metric: str) -> dict[str, str]:
    if np.isnan(found.low):
        return {"mean": number(found.mean, metric), "bounds": ""}
    bounds = f"{number(found.low, metric)} – {number(found.high, metric)}"
    return {"mean": number(found.mean, metric), "bounds": bounds}


def _gain(line: Line, metric: str) -> dict[str, str]:
    """Split the comparison with the baseline into what is read first and what beneath it."""
    if metric not in line.against:
        return {"mean": gain(line, metric), "bounds": ""}
    mean, _, bounds = gain(line, metric).partition(" ")
    return {"mean": mean.rstrip(","), "bounds": bounds.replace("], ", "] ")}


def _tier_part(
    record: dict[str, Any], methods: Sequence[str], plotted: Sequence[str]
) -> dict[str, Any]:
    found = tiers(record)
    by_source = set(decoy_sources([tier.name for tier in found]))
    kept = [tier for tier in found if tier.name not in by_source]
    return {
        "tiers": [_tier_row(tier, methods) for tier in kept],
        "sources": [_tier_row(tier, methods) for tier in found if tier.name in by_source],
        "source_caption": SOURCE_CAPTION,
        "tier_plot": _tier_plot(kept, plotted),
    }


def _tier_row(tier: Tier, methods: Sequence[str]) -> dict[str, Any]:
    return {
        "name": tier.name.removeprefix("decoys: "),
        "n_actives": f"{tier.n_actives:,.0f}",
        "n_targets": tier.n_targets,
        "cells": [
            {
                "mean": number(tier.bedroc[m].mean, "bedroc"),
                "bounds": f"EF {number(tier.ef1[m].mean, 'ef_1pct')}",
            }
            for m in methods
        ],
    }


def _random_part(record: dict[str, Any], colours: dict[str, int]) -> dict[str, Any]:
    rows = [
        {
            "method": line.method,
            "colour": colours.get(line.method),
            "cells": [
                *[_cell(found, "ef_b") for found in line.values.values()],
                {
                    "mean": f"{line.median:.1f}",
                    "bounds": f"{line.median_low:.1f} – {line.median_high:.1f}",
                },
                {"mean": f"{line.at:.2%}", "bounds": ""},
            ],
        }
        for line in random_lines(record)
    ]
    return {"random": rows, "random_note": random_note(record)}


def _tier_plot(found: Sequence[Tier], methods: Sequence[str]) -> Markup:
    kept = [tier for tier in found if tier.n_actives]
    series = {m: [_triple(tier.bedroc[m]) for tier in kept] for m in methods}
    short = {"standard: ": "train ", "target-held-out: ": "held out "}
    groups = [_shortened(tier.name, short) for tier in kept]
    plot = plots.bars(groups, series, "", "BEDROC by tier of similarity to training and query")
    return Markup(plot)  # noqa: S704  svg.py escapes every text it is given


def _shortened(name: str, prefixes: dict[str, str]) -> str:
    for prefix, short in prefixes.items():
        if name.startswith(prefix):
            return short + name.removeprefix(prefix)
    return name


def _triple(found: Interval) -> tuple[float, float, float]:
    if found.n == 1:  # a bar without a whisker
        return found.mean, found.mean, found.mean
    return found.mean, found.low, found.high


def _curve(record: dict[str, Any], methods: Sequence[str], name: str, axis: str) -> Markup:
    known = mean_curves(record, name)
    series = {method: known[method] for method in methods if method in known}
    return Markup(plots.curves(GRID, series, axis, f"{name} curves"))  # noqa: S704  escaped there


def _dot_part(record: dict[str, Any], methods: Sequence[str]) -> dict[str, Any]:
    table = results.table(record, "bedroc_80p5").loc[complete(record), list(methods)]
    said = "One dot a method."
    if BASELINE in table and len(methods) > 1:
        best = table.drop(columns=BASELINE).max(axis=1)
        table = table.loc[(best - table[BASELINE]).sort_values(ascending=False).index]
        said = "Ring: ECFP4. Sorted by the best other method's lead over it."
    series = {str(name): table[name].tolist() for name in table}
    rows = table.index.astype(str).tolist()
    greatest = float(np.nanmax(table.to_numpy(), initial=0.05))
    highest = min(1.0, math.ceil(greatest * 20) / 20)
    plot = plots.dots(rows, series, "BEDROC(80.5)", "BEDROC by target", highest)
    dots = Markup(plot)  # noqa: S704  svg.py escapes every text it is given
    return {"dots": dots, "dots_caption": said}


def _target_rows(record: dict[str, Any], methods: Sequence[str]) -> list[dict[str, Any]]:
    """Give BEDROC of each method by target, with what drawing its molecules anew leaves."""
    values = results.table(record, "bedroc_80p5").to_dict()
    rows = {(row["target"], row["method"]): row for row in record["results"]}
    counted = ("n_queries", "n_actives", "n_inactives")
    return [
        {
            "name": target,
            "counts": [f"{rows[target, methods[0]][name]:,}" for name in counted],
            "cells": [
                _cell(
                    Interval(
                        values[method][target],
                        *results.bounds(rows[target, method], "bedroc_80p5"),
                        n=1,
                    ),
                    "bedroc",
                )
                for method in methods
            ],
        }
        for target in complete(record)
    ]


_AUDIT = {
    "n_actives": "actives",
    "n_inactives": "decoys or inactives",
    "property_auroc": "AUROC of eight properties alone (cross-validated)",
    "ave_bias": "AVE bias (0 is fair, 2 is given away)",
    "share_with_analogue": "actives with an analogue at ECFP4 ≥ 0.6",
    "nearest_active": "mean ECFP4 similarity to the nearest other active",
    "repeats": "repeated molecules (stereo left aside)",
    "both_labels": "molecules with both labels",
    "across_splits": "molecules in both splits",
    "queries_among_actives": "queries among the actives (not ranked against themselves)",
    "unreadable": "structures RDKit cannot read (ranked last)",
}


def _audit_part(record: dict[str, Any]) -> dict[str, Any]:
    found = leakage(record)
    shown = [
        (words, _audit_value(found["data"][name]))
        for name, words in _AUDIT.items()
        if name in found["data"]
    ]
    stacks = []
    for name, training in found["trainings"].items():
        shown += [
            (f"actives in training set {name}", f"{training['actives_in_training']:,}"),
            (f"queries in training set {name}", f"{training['queries_in_training']:,}"),
            (
                f"targets with ligands in {name}",
                f"{training['targets_in_training']} of {training['targets_known']}",
            ),
        ]
        bands = {k: float(v) for k, v in training["tiers"].items() if "scaffold" not in k}
        plot = plots.stack(bands, f"actives by similarity to {name}")
        stacks.append((name, Markup(plot)))  # noqa: S704  escaped there
    return {"audit": shown, "stacks": stacks}


def _audit_value(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else number(value, "share")
