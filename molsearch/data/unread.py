"""Records of training tables that gave no molecule: counted, told, and listed one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch.data.failures import write_failures
from molsearch.data.prepared_table import FAILURES
from molsearch.schema import INPUT, REASON, RECORD_NUMBER, ROW, SOURCE, STAGE
from molsearch.words import counted

NO_SMILES, NO_TARGET, UNREADABLE = "no SMILES", "no target", "no molecule by RDKit"


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that nothing is trained on: its table, number from one, why, and what it says."""

    source: str
    record: int
    reason: str
    text: str


def unreadable(
    source: str, smiles: Sequence[str], records: NDArray[np.int64], readable: NDArray[np.bool_]
) -> tuple[Unread, ...]:
    """List the molecules of a table that RDKit made nothing of."""
    return tuple(
        Unread(source, int(records[row]), UNREADABLE, smiles[row])
        for row in np.flatnonzero(~readable).tolist()
    )


def words(unread: Iterable[Unread], listed: str) -> list[str]:
    """One line for each table that lacks some, none where all were read."""
    found = Counter((one.source, one.reason) for one in unread)
    lines = []
    for source in dict.fromkeys(name for name, _ in found):
        parts = {reason: n for (name, reason), n in found.items() if name == source}
        why = ", ".join(f"{n:,} with {reason}" for reason, n in parts.items())
        n = counted(sum(parts.values()), "record")
        lines.append(f"{source}: left out {n}: {why}; listed in {listed}")
    return lines


def write_unread(unread: Iterable[Unread], path: Path) -> None:
    """Write the records as csv, in the columns of every failures table."""
    rows = [
        {
            RECORD_NUMBER: one.record,
            SOURCE: one.source,
            ROW: one.record,
            STAGE: "read",
            REASON: one.reason,
            INPUT: one.text,
        }
        for one in unread
    ]
    write_failures([pa.Table.from_pylist(rows, schema=FAILURES)], path)
