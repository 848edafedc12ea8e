"""A copy of a benchmark beside its published counts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from molsearch import bundled
from molsearch.bench.benchmarks import counts
from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.errors import InputError
from molsearch.words import counted, noun


def compare(name: str, folder: Path | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Count a copy; returns a row a count with the verdict, and what its provenance says.

    Raises
    ------
    InputError
        The copy is not there, or cannot be read.
    """
    opened = open_benchmark(name, folder)
    return counts.compare(opened), tuple(opened.provenance.notes)


def judge(name: str, found: pd.DataFrame) -> None:
    """Refuse a copy that is not as published.

    Raises
    ------
    InputError
        With the targets that differ, and how to obtain the whole.
    """
    bad = found[found["verdict"].isin(["differs", "no inactives"])]
    if bad.empty:
        return
    rows = ", ".join(str(target) for target in bad["target"].head(6))
    more = ", …" if len(bad) > 6 else ""
    raise InputError(
        f"{name}: {counted(len(bad), 'row')} {noun(len(bad), 'is', 'are')} not as published "
        f"({rows}{more}): {bundled.guide(name)} says how to obtain the whole set"
    )
