"""Benchmark results as tables, and benchmarks of the user's own as jobs."""

from __future__ import annotations

import contextlib
import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from molsearch import bundled
from molsearch.bench import results
from molsearch.bench.evaluate import GRID
from molsearch.bench.report import summary
from molsearch.bench.report.markdown import LABELS, gain, number, setting, with_interval
from molsearch.errors import InputError, MolSearchError, UsageError
from molsearch.service.requests import BenchmarkRequest, validated
from molsearch_app import jobs, places
from molsearch_app.components.uploads import PACKED, safe_name, take

RESULT = "result.json"
SHOWN = ("bedroc_80p5", "auroc", "ef_1pct", "ef_5pct", "log_auc")
METHODS = {
    "ecfp4": "ECFP4 Tanimoto",
    "molsearch": "the bundled encoder",
    "balanced": "both and rarity, as a screen ranks",
    "usrcat": "USRCAT (3D moments)",
    "random": "random",
}
_LEAST_OF_CLASS = 8


def files(own: Sequence[jobs.AppRun]) -> dict[str, Path]:
    """List result files by their names: those that ship, then the user's own runs.

    Screens by which things were chosen stand behind those that nothing was chosen by.
    """
    found = {}
    folder = bundled.path("results")
    shipped = sorted(folder.glob("*.json"), key=lambda path: (path.stem.startswith("dev"), path))
    for path in shipped if folder.is_dir() else ():
        try:
            results.read(path)
        except MolSearchError:
            continue
        found[f"{path.stem} (committed)"] = path
    for job in own:
        if job.file(RESULT).exists():
            found[f"{job.title} ({job.run_id[-6:]})"] = job.file(RESULT)
    return found


def overview(record: dict[str, Any]) -> pd.DataFrame:
    """One row a method: means with intervals, and the gain over the baseline."""
    rows = []
    for line in summary.lines(record):
        cells = {LABELS[m]: with_interval(line.values[m], m) for m in SHOWN}
        gains = {
            f"{LABELS[m].split('(')[0]} against ECFP4, wins:losses": gain(line, m)
            for m in summary.COMPARED
        }
        rows.append({"Method": line.name, **cells, **gains})
    return pd.DataFrame(rows)


def ranked(record: dict[str, Any], names: Iterable[str]) -> list[str]:
    """Order names of methods as the table of means has them, the best first."""
    order = [line.name for line in summary.lines(record)]
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def tiers(record: dict[str, Any]) -> pd.DataFrame:
    """BEDROC by similarity tier: how far each method sees beyond what is already known."""
    rows = []
    for tier in summary.tiers(record):
        cells = {m: number(found.mean, "bedroc_80p5") for m, found in tier.bedroc.items()}
        rows.append(
            {
                "Actives": tier.name,
                "Number": int(tier.n_actives),
                "Targets": tier.n_targets,
                **cells,
            }
        )
    return pd.DataFrame(rows)


def curves(record: dict[str, Any], name: str) -> pd.DataFrame:
    """Mean curves in long form, of the best method first: method, x, y."""
    found = summary.mean_curves(record, name)
    parts = [
        pd.DataFrame({"method": method, "x": GRID, "y": np.asarray(found[method])})
        for method in ranked(record, found)
    ]
    columns = ["method", "x", "y"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def facts(record: dict[str, Any], title: str | None = None) -> str:
    """Say what was run; a run of the user's own goes by its title, not by its folder's name."""
    title = title or record["provenance"].get("title", record["benchmark"])
    return f"{title}: {setting(record)}"


def classes() -> dict[str, int]:
    """Drug classes of the bundled example that are large enough to be searched for."""
    counts = Counter(row["drug_class"] for row in _example())
    return {
        name: count for name, count in counts.most_common() if name and count >= _LEAST_OF_CLASS
    }


def write_class(name: str, folder: Path) -> None:
    """Write a drug class of the example as a benchmark: its drugs against all the rest.

    Raises
    ------
    UsageError
        There is no such class.
    """
    rows = _example()
    actives = [row for row in rows if row["drug_class"] == name]
    if not actives:
        raise UsageError(f"the example has no drug class {name[:60]!r}")
    others = [row for row in rows if row["drug_class"] != name]
    folder.mkdir(parents=True)
    for stem, chosen in (("actives", actives), ("decoys", others)):
        with (folder / f"{stem}.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(["smiles", "molecule_id"])
            writer.writerows([row["smiles"], row["molecule_id"]] for row in chosen)


def place_upload(source: Path, stem: str, folder: Path) -> None:
    """Put an upload where a benchmark's folder expects it."""
    suffix = "".join(Path(safe_name(source.name)).suffixes[-2:])
    if not suffix.endswith(PACKED):  # a dot in the name itself is no part of the suffix
        suffix = Path(source.name).suffix
    folder.mkdir(parents=True, exist_ok=True)
    take(source, folder / f"{stem}{suffix}")


def start(run_id: str, title: str, folder: Path, methods: Sequence[str]) -> jobs.AppRun:
    """Start a benchmark over a folder of the run.

    Raises
    ------
    UsageError
        No method is chosen.
    """
    if not methods or not set(methods) <= set(METHODS):
        raise UsageError("choose at least one of the methods")
    request = BenchmarkRequest(
        benchmark=str(folder),
        methods=tuple(method for method in METHODS if method in methods),
        full=True,
        trainings=(),
        output=str(folder.parent / RESULT),
    )
    return jobs.start(run_id, title, [jobs.Step.of("benchmark", request)], {})


def start_public(run_id: str, title: str, folder: Path, asked: Mapping[str, Any]) -> jobs.AppRun:
    """Start a public benchmark: `asked` are fields of a `BenchmarkRequest`.

    Raises
    ------
    UsageError
        No target or no method is chosen.
    """
    if not asked["targets"]:
        raise UsageError("choose at least one target")
    if not asked["methods"] or not set(asked["methods"]) <= set(METHODS):
        raise UsageError("choose at least one of the methods")
    request = validated(BenchmarkRequest, {**asked, "output": str(folder / RESULT)})
    return jobs.start(run_id, title, [jobs.Step.of("benchmark", request)], {})


def beside(record: dict[str, Any], committed: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """Rows of committed results on the same targets of the same benchmark; empty without any.

    Parameters
    ----------
    committed
        Result records by their names.
    """
    rows = []
    mine = set(summary.complete(record))
    for name, other in committed.items():
        shared = [target for target in summary.complete(other) if target in mine]
        if other["benchmark"] != record["benchmark"] or not shared:
            continue
        part = {**other, "targets": shared}
        part["results"] = [row for row in other["results"] if row["target"] in shared]
        for line in summary.lines(part, SHOWN):
            cells = {LABELS[m]: with_interval(line.values[m], m) for m in SHOWN}
            row = {"Committed": name, "Method": line.name, "Targets": len(shared)}
            rows.append({**row, "Setting": setting(other), **cells})
    return pd.DataFrame(rows)


def committed() -> dict[str, dict[str, Any]]:
    """Read the result records that ship, by the names of their files."""
    found = {}
    folder = bundled.path("results")
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        with contextlib.suppress(MolSearchError):
            found[path.stem] = results.read(path)
    return found


def read(path: Path) -> dict[str, Any]:
    """Read a result file.

    Raises
    ------
    InputError
        It holds no result yet.
    """
    record = results.read(path)
    if not record["results"]:
        raise InputError("this run has no result")
    return record


def _example() -> list[dict[str, str]]:
    path = places.example("library.csv")
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))
