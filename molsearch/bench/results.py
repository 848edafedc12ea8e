"""Result files: versioned JSON that says what was run on what, and holds every target's numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from molsearch.errors import InputError
from molsearch.io.atomic import write_text

FORMAT = "molsearch-benchmark-1"


def empty(benchmark: str, config: dict[str, Any]) -> dict[str, Any]:
    """Make a result record without results."""
    return {
        "format": FORMAT,
        "benchmark": benchmark,
        "config": config,
        "provenance": {},
        "methods": {},
        "trainings": {},
        "targets": [],
        "audit": {},
        "results": [],
        "runs": [],
    }


def read(path: Path) -> dict[str, Any]:
    """Read a result file.

    Raises
    ------
    InputError
        It is missing, is not JSON, or is not of this format.
    """
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read results from {path}: {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InputError(f"{path} is no {FORMAT} file: make one with `molsearch benchmark`")
    return found


def write(path: Path, record: dict[str, Any]) -> None:
    """Write a result file atomically, one line a result so that differences can be read."""
    head = {key: value for key, value in record.items() if key not in ("results", "audit")}
    lines = [json.dumps(head, indent=1, ensure_ascii=False, default=str)[:-2]]
    audits = [f"  {json.dumps(k)}: {_line(v)}" for k, v in record["audit"].items()]
    lines.append(',\n "audit": {\n' + ",\n".join(audits) + "\n }")
    rows = [f"  {_line(row)}" for row in record["results"]]
    lines.append(',\n "results": [\n' + ",\n".join(rows) + "\n ]\n}\n")
    write_text(path, "".join(lines))


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_all(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Read result files and folders of them; files of another format in a folder are passed over.

    Raises
    ------
    InputError
        A named file cannot be read, or nothing is found.
    """
    records = []
    for path in paths:
        if not path.is_dir():
            records.append({**read(path), "file": path.name})
            continue
        for inner in sorted(path.glob("*.json")):
            try:
                records.append({**read(inner), "file": inner.name})
            except InputError:
                continue
    if not records:
        raise InputError("no result files: make one with `molsearch benchmark NAME -o FILE`")
    return records


def table(
    record: dict[str, Any], metric: str, subset: str | None = None, *, single: bool = False
) -> pd.DataFrame:
    """One metric as a table: targets down, methods across, NaN where undefined.

    Parameters
    ----------
    record
        A result record.
    metric
        A metric column, or ``n_actives`` of a subset.
    subset
        Name of a subset; None means the whole pool.
    single
        Means over single queries where the main numbers fuse several.
    """
    values: dict[str, dict[str, float]] = {method: {} for method in record["methods"]}
    for row in record["results"]:
        found = row["metrics"] if subset is None else row["subsets"].get(subset, {})
        found = row.get("each", {}) if single else found
        value = found.get(metric)
        values[row["method"]][row["target"]] = float("nan") if value is None else float(value)
    targets: Sequence[str] = record["targets"]
    return pd.DataFrame(values, index=list(targets), dtype=float)


def within(record: dict[str, Any], target: str, method: str, metric: str) -> tuple[float, float]:
    """Bounds that drawing a target's molecules anew leaves; NaN where they are not told."""
    for row in record["results"]:
        if row["target"] == target and row["method"] == method:
            return bounds(row, metric)
    return float("nan"), float("nan")


def bounds(row: dict[str, Any], metric: str) -> tuple[float, float]:
    """Give the bounds that `within` gives, of one row of a result record."""
    low, high = row.get("within", {}).get(metric, (None, None))
    return float("nan" if low is None else low), float("nan" if high is None else high)


def random_table(record: dict[str, Any], metric: str) -> pd.DataFrame:
    """One metric among random compounds as a table like `table`; NaN where not computed."""
    values: dict[str, dict[str, float]] = {method: {} for method in record["methods"]}
    for row in record["results"]:
        value = row.get("random", {}).get(metric)
        values[row["method"]][row["target"]] = float("nan") if value is None else float(value)
    targets: Sequence[str] = record["targets"]
    return pd.DataFrame(values, index=list(targets), dtype=float)


def subsets(record: dict[str, Any]) -> list[str]:
    """Names of the subsets on which metrics are given, in order of first sight."""
    return list(dict.fromkeys(name for row in record["results"] for name in row["subsets"]))
