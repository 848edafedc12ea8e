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


@dataclass(frozen=True, slots=True)
class Naming:
    """Which records of a table name which of its distinct molecules.

    Attributes
    ----------
    record
        int64 ``[n]``: numbers of the records, from one.
    molecule
        int64 ``[n]``: row, among the distinct molecules, of what each names.
    """

    record: NDArray[np.int64]
    molecule: NDArray[np.int64]


def unreadable(
    source: str, smiles: Sequence[str], naming: Naming, readable: NDArray[np.bool_]
) -> tuple[Unread, ...]:
    """List every record of a molecule that RDKit made nothing of."""
    lost = np.flatnonzero(~readable[naming.molecule])
    pairs = zip(naming.record[lost].tolist(), naming.molecule[lost].tolist(), strict=True)
    return tuple(Unread(source, record, UNREADABLE, smiles[one]) for record, one in pairs)


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
