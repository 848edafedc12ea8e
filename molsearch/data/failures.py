"""The failures of a prepared set, grouped for the eye and written for a spreadsheet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv

from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_table import FAILURES
from molsearch.io.atomic import write_through
from molsearch.schema import REASON, ROW, SOURCE, STAGE

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one stage whose reasons differ in numbers only, and the first of them."""

    stage: str
    reason: str
    count: int
    source: str
    row: int


def failure_groups(prepared: PreparedSet) -> list[FailureGroup]:
    """Group the failures by stage and reason, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], tuple[str, str, int]] = {}
    for table in prepared.iter_failures():
        columns = [table.column(name).to_pylist() for name in (STAGE, REASON, SOURCE, ROW)]
        for stage, reason, source, row in zip(*columns, strict=True):
            key = (stage, _DIGITS.sub("#", reason))
            counts[key] += 1
            first.setdefault(key, (reason, source, row))
    return [
        FailureGroup(stage, first[stage, key][0], count, *first[stage, key][1:])
        for (stage, key), count in counts.most_common()
    ]


def write_failures(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables of failures as one csv, atomically; no failures give the header alone."""

    def fill(handle: IO[bytes]) -> None:
        with pyarrow.csv.CSVWriter(handle, FAILURES) as writer:
            for table in tables:
                writer.write_table(table)

    write_through(path, fill)
