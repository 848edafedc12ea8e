"""Published counts of each benchmark, to check a copy against."""

from __future__ import annotations

from typing import Any

import pandas as pd

from molsearch.bench.benchmarks.task import Benchmark
from molsearch.errors import UsageError

# Whole-benchmark counts from the papers and sites; None where none is stated.
TOTALS: dict[str, dict[str, int]] = {
    "dude": {"targets": 102, "actives": 22_886, "inactives": 1_411_214},
    # The AVE-unbiased release.
    "litpcba": {"targets": 15, "actives": 7_955},
    "muv": {"targets": 17, "actives": 510, "inactives": 255_000},
    "dekois": {"targets": 81, "actives": 3_240, "inactives": 97_200},
}
# Actives and inactives of each target, where every one is stated.
_LITPCBA_AVE: dict[str, tuple[int, int | None]] = {
    "ADRB2": (17, None),
    "ALDH1": (5_363, None),
    "ESR1_ago": (13, 4_378),
    "ESR1_ant": (88, 3_820),
    "FEN1": (360, None),
    "GBA": (163, None),
    "IDH1": (39, None),
    "KAT2A": (194, None),
    "MAPK1": (308, 61_567),
    "MTORC1": (97, 32_972),
    "OPRK1": (24, None),
    "PKM2": (546, None),
    "PPARG": (24, 4_071),
    "TP53": (64, 3_345),
    "VDR": (655, None),
}


def published(name: str, target: str) -> tuple[int | None, int | None]:
    """Look up the published actives and inactives of one target; None where not known."""
    if name == "muv":
        return 30, 15_000
    if name == "dekois":
        return 40, 1_200
    if name == "litpcba":
        return _LITPCBA_AVE.get(target, (None, None))
    return None, None


def compare(benchmark: Benchmark) -> pd.DataFrame:
    """Set the counts of a copy beside the published ones.

    Returns
    -------
    DataFrame
        One row a target and a last row ``all``: target, actives, inactives, queries,
        published_actives, published_inactives, and ``verdict``: ``as published``, ``actives as
        published`` (the inactives' count is not stated), ``differs``, ``no inactives`` or ``not
        checked``.

    Raises
    ------
    UsageError
        Nothing is published about this benchmark.
    """
    if benchmark.name not in TOTALS:
        raise UsageError(
            f"no published counts of {benchmark.name!r}: choose from {', '.join(TOTALS)}"
        )
    frame = benchmark.counts()
    stated = [published(benchmark.name, str(target)) for target in frame["target"]]
    frame["published_actives"] = pd.array([a for a, _ in stated], dtype="Int64")
    frame["published_inactives"] = pd.array([i for _, i in stated], dtype="Int64")
    totals = TOTALS[benchmark.name]
    whole = {
        "target": f"all {len(frame)} of {totals['targets']}",
        **{name: int(frame[name].sum()) for name in ("actives", "inactives", "queries")},
        "published_actives": totals.get("actives"),
        "published_inactives": totals.get("inactives"),
    }
    frame = pd.concat([frame, pd.DataFrame([whole]).astype(frame.dtypes)], ignore_index=True)
    frame["verdict"] = [_verdict(row) for row in frame.to_dict("records")]
    return frame


def _verdict(row: dict[Any, Any]) -> str:
    pairs = [
        (row[name], row[f"published_{name}"])
        for name in ("actives", "inactives")
        if not pd.isna(row[f"published_{name}"])
    ]
    if row["inactives"] == 0:
        return "no inactives"
    if not pairs:
        return "not checked"
    if any(found != stated for found, stated in pairs):
        return "differs"
    return "as published" if len(pairs) == 2 else "actives as published"
